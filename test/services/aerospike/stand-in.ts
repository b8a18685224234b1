/**
 * A stand-in for Aerospike, which no package registry has: one node with the namespace `test`, in memory, that the official client talks to. It knows what the sink and its tests ask
 * for: login, put, get, delete and scan of a set, with the one filter that the sink sends. Use: `node stand-in.ts PORT`.
 */
import { createServer, type Socket } from 'node:net';
import { FRAME, type Frame, frameOf, onFrames } from './frames.ts';
import { infoOf } from './info.ts';
import { logIn } from './logins.ts';
import { answersOf, decode } from './messages.ts';
import { Records } from './records.ts';

const port = Number(process.argv[2]);
const records = new Records();

const serve = (socket: Socket): void => {
  let user: string | undefined;
  const answerOf = ({ type, body }: Frame): Buffer | undefined => {
    if (type === FRAME.info) return frameOf(FRAME.info, Buffer.from(infoOf(body.toString(), port)));
    if (type === FRAME.message) return answersOf(records.answer(decode(body), user !== 'reader'));
    if (type !== FRAME.admin) return undefined;
    const login = logIn(body);
    user = login.user;
    return login.answer;
  };
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  onFrames(socket, (frame) => {
    const answer = answerOf(frame);
    if (answer) socket.write(answer);
    else socket.destroy();
  });
};

createServer(serve).listen(port, '127.0.0.1');
