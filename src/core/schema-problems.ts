import type { TSchema } from '@sinclair/typebox';
import { Errors } from '@sinclair/typebox/errors';

/** Problems of one value that are told. */
const MOST_PROBLEMS = 5;

/** What is wrong with a value that does not fit a schema, each with its place; names no values. */
export const schemaProblems = (schema: TSchema, value: unknown): string =>
  [...Errors(schema, value)]
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path || '/'} ${message}`)
    .join('; ');
