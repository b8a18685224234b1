import * as Ours from '../../../src/pulsar/index.ts';
import type * as Theirs from '../../fixtures/pulsar-client-1.18/index.d.ts';

/** Compiles only if whoever expects `To` may be given `From`. */
type Gives<To, From extends To> = From;

/** What our users hold is what theirs expect: each class has every member, with their arguments and results. */
type Instances = [
  Gives<Omit<Theirs.Client, 'createProducer' | 'subscribe' | 'createReader'>, Ours.Client>,
  Gives<Theirs.Producer, Ours.Producer>,
  Gives<Theirs.Consumer, Ours.Consumer>,
  Gives<Theirs.Reader, Ours.Reader>,
  Gives<Theirs.Message, Ours.Message>,
  Gives<Theirs.MessageId, Ours.MessageId>,
  Gives<Theirs.EncryptionContext, Ours.EncryptionContext>,
  Gives<Theirs.EncryptionKey, Ours.EncryptionKey>,
  Gives<Theirs.CryptoKeyReader, Ours.CryptoKeyReader>,
];

type Given<T, Instances extends keyof T = never> = Omit<T, Instances>;
/** What their users write, ours take. Left out is what holds instances of classes: those are ours then. */
type Options = [
  Gives<
    Given<Ours.ClientConfig, 'authentication' | 'serviceUrlProvider'>,
    Given<Theirs.ClientConfigBase, 'authentication'> & { serviceUrl: string }
  >,
  Gives<Given<Ours.ProducerConfig, 'messageRouter'>, Given<Theirs.ProducerConfig, 'messageRouter'>>,
  Gives<Given<Ours.ConsumerConfig, 'listener'>, Given<Theirs.ConsumerConfig, 'listener'>>,
  Gives<
    Given<Ours.ReaderConfig, 'listener' | 'startMessageId'>,
    Given<Theirs.ReaderConfig, 'listener' | 'startMessageId'>
  >,
  Gives<Ours.ProducerMessage, Theirs.ProducerMessage>,
  Gives<Ours.SchemaInfo, Theirs.SchemaInfo>,
  Gives<Ours.DeadLetterPolicy, Theirs.DeadLetterPolicy>,
  Gives<Ours.KeySharedPolicy, Theirs.KeySharedPolicy>,
  Gives<Ours.ConsumerBatchReceivePolicy, Theirs.ConsumerBatchReceivePolicy>,
  Gives<Ours.ConsumerKeyShareStickyRanges, Theirs.ConsumerKeyShareStickyRanges>,
  Gives<Ours.ConsumerKeyShareStickyRange, Theirs.ConsumerKeyShareStickyRange>,
  Gives<Ours.EncryptionKeyInfo, Theirs.EncryptionKeyInfo>,
  Gives<Ours.TopicMetadata, Theirs.TopicMetadata>,
  Gives<ConstructorParameters<typeof Ours.AuthenticationTls>, ConstructorParameters<typeof Theirs.AuthenticationTls>>,
  Gives<
    ConstructorParameters<typeof Ours.AuthenticationBasic>,
    ConstructorParameters<typeof Theirs.AuthenticationBasic>
  >,
  Gives<
    ConstructorParameters<typeof Ours.AuthenticationToken>,
    ConstructorParameters<typeof Theirs.AuthenticationToken>
  >,
];

/** No option of theirs is missing in ours, which the assignments above would not notice. */
type Missing<To, From> = Exclude<keyof From, keyof To>;
type NoneMissing = [
  Gives<
    never,
    Missing<Ours.ClientConfig, Theirs.ClientConfigBase & { serviceUrl: string; serviceUrlProvider: object }>
  >,
  Gives<never, Missing<Ours.ProducerConfig, Theirs.ProducerConfig>>,
  Gives<never, Missing<Ours.ConsumerConfig, Theirs.ConsumerConfig>>,
  Gives<never, Missing<Ours.ReaderConfig, Theirs.ReaderConfig>>,
  Gives<never, Missing<Ours.ProducerMessage, Theirs.ProducerMessage>>,
  Gives<never, Missing<Ours.SchemaInfo, Theirs.SchemaInfo>>,
];

/** A level is a number, in theirs an enum of these. */
type Levels = [Gives<`${Theirs.LogLevel}`, `${Ours.LogLevel}`>, Gives<`${Ours.LogLevel}`, `${Theirs.LogLevel}`>];

/** Every member of their unions is in ours, and the other way round where ours are told to users. */
type Unions = [
  Gives<Ours.SchemaType, Theirs.SchemaType>,
  Gives<Ours.CompressionType, Theirs.CompressionType>,
  Gives<Theirs.CompressionType, Ours.CompressionType>,
  Gives<Ours.SubscriptionType, Theirs.SubscriptionType>,
  Gives<Ours.InitialPosition, Theirs.InitialPosition>,
  Gives<Ours.HashingScheme, Theirs.HashingScheme>,
  Gives<Ours.MessageRoutingMode, Theirs.MessageRoutingMode>,
  Gives<Ours.ProducerAccessMode, Theirs.ProducerAccessMode>,
  Gives<Ours.ProducerBatchType, Theirs.ProducerBatchType>,
  Gives<Ours.ProducerCryptoFailureAction, Theirs.ProducerCryptoFailureAction>,
  Gives<Ours.ConsumerCryptoFailureAction, Theirs.ConsumerCryptoFailureAction>,
  Gives<Ours.ConsumerKeyShareMode, Theirs.ConsumerKeyShareMode>,
  Gives<Ours.RegexSubscriptionMode, Theirs.RegexSubscriptionMode>,
];

/** Callbacks written with their types, and calls as their users write them. */
export async function writtenForTheirs(
  listener: (message: Theirs.Message, consumer: Theirs.Consumer) => void,
  readerListener: (message: Theirs.Message, reader: Theirs.Reader) => void,
  messageRouter: Theirs.MessageRouter,
): Promise<Theirs.MessageId> {
  const client = new Ours.Client({
    serviceUrl: 'pulsar://localhost',
    authentication: new Ours.AuthenticationToken({ token: async () => 'token' }),
    logLevel: Ours.LogLevel.WARN,
  });
  await client.subscribe({ topic: 't', subscription: 's', listener });
  await client.createReader({ topic: 't', startMessageId: Ours.MessageId.earliest(), listener: readerListener });
  const producer: Theirs.Producer = await client.createProducer({ topic: 't', messageRouter });
  return producer.send({ data: Buffer.from('x') });
}

/** Only there to be compiled: `npm run typecheck` fails where our declarations do not hold against npm `pulsar-client` 1.18's. */
export type Held = [Instances, Options, NoneMissing, Levels, Unions];
