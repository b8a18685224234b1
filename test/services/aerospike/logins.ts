import { planted } from '../../kit/planted.ts';
import { FRAME, frameOf } from './frames.ts';

/** The one password; its hash is what the client sends (bcrypt, with a salt that all clients share). */
export const PASSWORD = planted('aerospike');
const HASH = '$2a$10$7EqJtq98hPqEX7fNZaFWoO/Bv12NugzDOpMnvvZv4VaFQ2y8n0HKS';
/** A user who may write, and one who may not. */
const USERS = ['writer', 'reader'];

const COMMAND = { authenticate: 0, login: 20 } as const;
const FIELD = { user: 0, credential: 3, token: 5 } as const;
const OK = 0;
const INVALID_CREDENTIAL = 65;
const HEADER_BYTES = 16;

/** Whoever has logged in on a connection, and the answer to it. */
export interface Login {
  readonly user: string | undefined;
  readonly answer: Buffer;
}

const answerOf = (result: number, token: Buffer): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(result, 1);
  header.writeUInt8(token.length > 0 ? 1 : 0, 3);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(token.length + 1);
  const field = token.length > 0 ? [size, Buffer.from([FIELD.token]), token] : [];
  return frameOf(FRAME.admin, Buffer.concat([header, ...field]));
};

/** Answers a login by password, or one by what such a login gave; anonymous clients need neither. */
export const logIn = (body: Buffer): Login => {
  const fields = new Map<number, string>();
  for (let at = HEADER_BYTES; at < body.length; ) {
    const end = at + 4 + body.readUInt32BE(at);
    fields.set(body[at + 4] as number, body.toString('utf8', at + 5, end));
    at = end;
  }
  const user = fields.get(FIELD.user) ?? '';
  const isLogin = body[2] === COMMAND.login;
  const isKnown = isLogin ? fields.get(FIELD.credential) === HASH : fields.get(FIELD.token) === user;
  if (!isKnown || !USERS.includes(user))
    return { user: undefined, answer: answerOf(INVALID_CREDENTIAL, Buffer.alloc(0)) };
  return { user, answer: answerOf(OK, isLogin ? Buffer.from(user) : Buffer.alloc(0)) };
};
