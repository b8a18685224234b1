/** The package's `./pulsar/session` door: what runs use, where nothing reconnects or sends again by itself. */
export { compareMessageIds } from '../core/message-id.ts';
export {
  AuthenticationBasic,
  AuthenticationTls,
  AuthenticationToken,
} from './client/authentication.ts';
export { AuthenticationOauth2, type Oauth2Parameters } from './client/oauth2.ts';
export { keyValueSchema } from './client/schema-info.ts';
export * from './client/session.ts';
export { PulsarError } from './errors.ts';
