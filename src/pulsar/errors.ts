/**
 * The one error of the Pulsar client. Decide on `code`: the broker's `ServerError` name ('ProducerBusy', 'TopicNotFound', …) or a
 * client condition ('Disconnected', 'TimeOut', 'AlreadyClosed', 'MessageTooBig', 'ProtocolError', …). Never decide on `message`.
 */
export class PulsarError extends Error {
  override readonly name: string = 'PulsarError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
