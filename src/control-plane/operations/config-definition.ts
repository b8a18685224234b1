import { PulsarIoError } from '../../core/errors.ts';
import { fieldDefinitions } from '../config/field-definitions.ts';
import { typeOf } from '../config/package-choice.ts';
import { json } from '../http/answers.ts';
import type { Operation } from '../operation.ts';

/** GET `/builtinsources/{type}/configdefinition` and `/builtinsinks/…`: one entry per config key. */
export const configDefinition: Operation = async ({ deps, words, parameters }) => {
  const type = typeOf(deps.catalogue, words, parameters.type ?? '');
  if (!type) throw new PulsarIoError('PIO_NOT_FOUND', `builtin ${words.kind} does not exist`);
  return json(fieldDefinitions(type.config));
};
