import { ServerError } from '../../pulsar/protocol/enums.ts';

/** A request that the broker refuses. `serverError` travels on the wire, `httpStatus` on the admin REST. */
export class BrokerError extends Error {
  readonly serverError: ServerError;
  readonly httpStatus: number;

  constructor(serverError: ServerError, message: string, httpStatus: number = HTTP_STATUS[serverError] ?? 500) {
    super(message);
    this.name = 'BrokerError';
    this.serverError = serverError;
    this.httpStatus = httpStatus;
  }
}

const HTTP_STATUS: Partial<Record<ServerError, number>> = {
  [ServerError.InvalidTopicName]: 412,
  [ServerError.TopicNotFound]: 404,
  [ServerError.SubscriptionNotFound]: 404,
  [ServerError.NotAllowedError]: 409,
  [ServerError.ConsumerBusy]: 412,
  [ServerError.ProducerBusy]: 412,
  [ServerError.TopicTerminatedError]: 405,
};

/** A refusal of the admin REST: `status` and the text of `{"reason": …}`. */
export class AdminError extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.name = 'AdminError';
    this.status = status;
  }
}

/** Refusal of a topic that does not exist and may not be made. */
export function topicNotFound(topic: string): BrokerError {
  return new BrokerError(ServerError.TopicNotFound, `Topic ${topic} does not exist`);
}

/** What clients are told of a missing tenant or namespace. */
export function namespaceNotFound(): BrokerError {
  return new BrokerError(ServerError.TopicNotFound, 'Namespace not found');
}

/** Refusal of what this broker does not have, or what the protocol forbids. */
export function notAllowed(message: string): BrokerError {
  return new BrokerError(ServerError.NotAllowedError, message);
}
