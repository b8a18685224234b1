import * as Ours from '../../../src/pulsar/index.ts';
import type { NativePulsar } from '../../../src/pulsar/native/native-api.ts';
import type * as Theirs from '../../fixtures/pulsar-client-1.18/index.d.ts';

/** Compiles only if whoever expects `To` may be given `From`. */
type Gives<To, From extends To> = From;

/** What our users hold is what theirs expect: each class has every member, with their arguments and results. */
type Instances = [
  Gives<Omit<Theirs.Client, 'createReader'>, Ours.Client>,
  Gives<(config: WithOurs<Theirs.ReaderConfig>) => Promise<Theirs.Reader>, Ours.Client['createReader']>,
  Gives<Theirs.Producer, Ours.Producer>,
  Gives<Theirs.Consumer, Ours.Consumer>,
  Gives<Theirs.Reader, Ours.Reader>,
  Gives<Theirs.Message, Ours.Message>,
  Gives<Theirs.MessageId, Ours.MessageId>,
  Gives<Theirs.EncryptionContext, Ours.EncryptionContext>,
  Gives<Theirs.EncryptionKey, Ours.EncryptionKey>,
  Gives<Theirs.CryptoKeyReader, Ours.CryptoKeyReader>,
];

/** What our runs use of their package is there, as they use it. */
type Used = Gives<NativePulsar, typeof Theirs>;

/** Static members, and constructors with their arguments. */
type Statics = [
  Gives<Pick<typeof Theirs.Client, 'setLogHandler'>, typeof Ours.Client>,
  Gives<Pick<typeof Theirs.MessageId, 'earliest' | 'latest' | 'deserialize'>, typeof Ours.MessageId>,
  Gives<typeof Theirs.ProtobufNativeSchema, typeof Ours.ProtobufNativeSchema>,
  Constructed<typeof Ours.Client, [config: WithOurs<Theirs.ClientConfig>]>,
  Constructed<typeof Ours.CryptoKeyReader, ConstructorParameters<typeof Theirs.CryptoKeyReader>>,
  Constructed<typeof Ours.AuthenticationTls, ConstructorParameters<typeof Theirs.AuthenticationTls>>,
  Constructed<typeof Ours.AuthenticationAthenz, ConstructorParameters<typeof Theirs.AuthenticationAthenz>>,
  Constructed<typeof Ours.AuthenticationToken, ConstructorParameters<typeof Theirs.AuthenticationToken>>,
  Constructed<typeof Ours.AuthenticationOauth2, ConstructorParameters<typeof Theirs.AuthenticationOauth2>>,
  Constructed<typeof Ours.AuthenticationBasic, ConstructorParameters<typeof Theirs.AuthenticationBasic>>,
];
type Constructed<Class extends abstract new (...args: never) => unknown, Given extends ConstructorParameters<Class>> = [
  Class,
  Given,
];

/** Their authentication classes, any of them, and ours. */
type TheirAuthentication = NonNullable<Theirs.ClientConfigBase['authentication']>;
type OurAuthentication = InstanceType<
  | typeof Ours.AuthenticationTls
  | typeof Ours.AuthenticationAthenz
  | typeof Ours.AuthenticationToken
  | typeof Ours.AuthenticationOauth2
  | typeof Ours.AuthenticationBasic
>;
/** Their options as a program gives them that loads ours in place of theirs: with instances of our classes, at any depth. */
type WithOurs<T> = T extends (...args: never) => unknown
  ? T
  : T extends Theirs.MessageId
    ? Ours.MessageId
    : T extends object
      ? { [Name in keyof T]: Name extends 'authentication' ? OurInstead<T[Name]> : WithOurs<T[Name]> }
      : T;
type OurInstead<T> = T extends TheirAuthentication ? OurAuthentication : T;

/** What their users write, ours take. */
type Options = [
  Gives<Ours.ClientConfig, WithOurs<Theirs.ClientConfig>>,
  Gives<Ours.ClientConfigBase, WithOurs<Theirs.ClientConfigBase>>,
  Gives<Ours.ServiceInfo, WithOurs<Theirs.ServiceInfo>>,
  Gives<Ours.AutoClusterFailoverConfig, WithOurs<Theirs.AutoClusterFailoverConfig>>,
  Gives<Ours.ProducerConfig, Theirs.ProducerConfig>,
  Gives<Ours.ConsumerConfig, Theirs.ConsumerConfig>,
  Gives<Ours.ReaderConfig, WithOurs<Theirs.ReaderConfig>>,
  Gives<Ours.ProducerMessage, Theirs.ProducerMessage>,
  Gives<Ours.SchemaInfo, Theirs.SchemaInfo>,
  Gives<Ours.DeadLetterPolicy, Theirs.DeadLetterPolicy>,
  Gives<Ours.KeySharedPolicy, Theirs.KeySharedPolicy>,
  Gives<Ours.ConsumerBatchReceivePolicy, Theirs.ConsumerBatchReceivePolicy>,
  Gives<Ours.ConsumerKeyShareStickyRanges, Theirs.ConsumerKeyShareStickyRanges>,
  Gives<Ours.ConsumerKeyShareStickyRange, Theirs.ConsumerKeyShareStickyRange>,
  Gives<Ours.EncryptionKeyInfo, Theirs.EncryptionKeyInfo>,
  Gives<Ours.TopicMetadata, Theirs.TopicMetadata>,
  Gives<Ours.AthenzConfig, Theirs.AthenzConfig>,
  Gives<Ours.AthenzX509Config, Theirs.AthenzX509Config>,
  Gives<Ours.MessageRouter, Theirs.MessageRouter>,
  Gives<
    Ours.ProtobufNativeSchema.CreateSchemaInfoFromRootOptions,
    Omit<Theirs.ProtobufNativeSchema.CreateSchemaInfoFromRootOptions, never>
  >,
];

/** No option of theirs is missing in ours, which the assignments above would not notice. */
type Missing<To, From> = Exclude<Keys<From>, Keys<To>>;
type Keys<T> = T extends unknown ? keyof T : never;
type NoneMissing = [
  Gives<never, Missing<Ours.ClientConfig, Theirs.ClientConfig>>,
  Gives<never, Missing<Ours.AutoClusterFailoverConfig, Theirs.AutoClusterFailoverConfig>>,
  Gives<never, Missing<Exclude<Ours.ServiceInfo, string>, Exclude<Theirs.ServiceInfo, string>>>,
  Gives<never, Missing<Ours.ProducerConfig, Theirs.ProducerConfig>>,
  Gives<never, Missing<Ours.ConsumerConfig, Theirs.ConsumerConfig>>,
  Gives<never, Missing<Ours.ReaderConfig, Theirs.ReaderConfig>>,
  Gives<never, Missing<Ours.ProducerMessage, Theirs.ProducerMessage>>,
  Gives<never, Missing<Ours.SchemaInfo, Theirs.SchemaInfo>>,
  Gives<never, Missing<Ours.DeadLetterPolicy, Theirs.DeadLetterPolicy>>,
  Gives<never, Missing<Ours.KeySharedPolicy, Theirs.KeySharedPolicy>>,
  Gives<never, Missing<Ours.ConsumerBatchReceivePolicy, Theirs.ConsumerBatchReceivePolicy>>,
  Gives<never, Missing<Ours.AthenzConfig, Theirs.AthenzConfig>>,
  Gives<never, Missing<Ours.AthenzX509Config, Theirs.AthenzX509Config>>,
  Gives<never, Missing<Oauth2<typeof Ours.AuthenticationOauth2>, Oauth2<typeof Theirs.AuthenticationOauth2>>>,
];
type Oauth2<Class extends abstract new (...args: never) => unknown> = ConstructorParameters<Class>[0];

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
  log: (level: Ours.LogLevel, file: string, line: number, message: string) => void,
): Promise<Theirs.MessageId> {
  const client = new Ours.Client({
    serviceUrl: 'pulsar://localhost',
    authentication: new Ours.AuthenticationToken({ token: async () => 'token' }),
    log,
    logLevel: Ours.LogLevel.WARN,
  });
  await client.subscribe({ topic: 't', subscription: 's', listener });
  await client.createReader({ topic: 't', startMessageId: Ours.MessageId.earliest(), listener: readerListener });
  const producer: Theirs.Producer = await client.createProducer({ topic: 't', messageRouter });
  return producer.send({ data: Buffer.from('x') });
}

/** Only there to be compiled: `npm run typecheck` fails where our declarations do not hold against npm `pulsar-client` 1.18's. */
export type Held = [Used, Instances, Statics, Options, NoneMissing, Levels, Unions];
