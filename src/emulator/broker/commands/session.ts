import { PROTOCOL_VERSION } from '../../../pulsar/protocol/enums.ts';
import type { CommandHandlers } from './index.ts';

/** What CONNECTED says of this broker; C++ clients fail without a version. */
export const SERVER_VERSION = 'Pulsar Server (embedded) 4.0.8';

/** CONNECT and the keep-alive (PULSAR-WIRE 3.1). Any credentials are accepted; topic watchers are not offered, so clients poll. */
export const sessionCommands: CommandHandlers = {
  CONNECT(connection, { clientVersion, protocolVersion }) {
    connection.clientVersion = clientVersion;
    connection.isHandshakeDone = true;
    connection.send('CONNECTED', {
      serverVersion: SERVER_VERSION,
      protocolVersion: Math.min(PROTOCOL_VERSION, protocolVersion ?? 0),
      maxMessageSize: connection.broker.settings.maxMessageBytes,
      featureFlags: { supportsGetPartitionedMetadataWithoutAutoCreation: true },
    });
  },
  PING(connection) {
    connection.send('PONG', {});
  },
  PONG(connection) {
    connection.answered();
  },
  AUTH_RESPONSE() {},
};
