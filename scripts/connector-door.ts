/** What `dist/connector.mjs` and `dist/connector.cjs` are made of: all that a connector type in a package of its own needs. */
export { type Static, type TObject, Type } from '@sinclair/typebox';
export { aborted, orAborted, throwIfAborted } from '../src/connectors/abort.ts';
export { choice, pulsarKey, secretString, splitList, strictObject, wholeMatch } from '../src/connectors/config.ts';
export { recordId } from '../src/connectors/record-id.ts';
export * from '../src/core/connector-type.ts';
export { ERROR_CODES, type ErrorCode } from '../src/core/error-codes.ts';
export { PulsarIoError, toPulsarIoError } from '../src/core/errors.ts';
export { parseExact, parseWithBigInts, stringifyExact } from '../src/core/exact-json.ts';
export { type Frontier, WHOLE_ENTRY } from '../src/core/frontier.ts';
export { GUARANTEES, type Guarantee } from '../src/core/guarantee.ts';
export { isSequence, MAX_SEQUENCE, type Position } from '../src/core/position.ts';
export * from '../src/core/record.ts';
export { compareTokens, type Token } from '../src/core/token.ts';
