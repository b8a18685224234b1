import { Client, type Message, MessageId } from '../../src/pulsar/index.ts';

/** A message as a reader of the topic sees it. */
export interface Letter {
  readonly text: string;
  /** Name of the producer that published it. */
  readonly producer: string;
  readonly properties: Readonly<Record<string, string>>;
}

const WAIT_MS = 1_000;

/** Everything that is in a topic now, from its beginning. */
export const readTopic = async (serviceUrl: string, topic: string): Promise<Letter[]> => {
  const client = new Client({ serviceUrl });
  try {
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest() });
    const letters: Letter[] = [];
    for (;;) {
      const message: Message | undefined = await reader.readNext(WAIT_MS).catch(() => undefined);
      if (!message) return letters;
      letters.push({
        text: message.getData().toString(),
        producer: message.getProducerName(),
        properties: message.getProperties(),
      });
    }
  } finally {
    await client.close();
  }
};

/** Publishes these texts to a topic, as a program of the user's would. */
export const publishTexts = async (
  serviceUrl: string,
  topic: string,
  texts: readonly string[],
  keyOf: (index: number) => string | undefined = () => undefined,
): Promise<void> => {
  const client = new Client({ serviceUrl });
  try {
    const producer = await client.createProducer({ topic });
    for (const [index, text] of texts.entries()) {
      const partitionKey = keyOf(index);
      await producer.send({ data: Buffer.from(text), ...(partitionKey !== undefined && { partitionKey }) });
    }
    await producer.close();
  } finally {
    await client.close();
  }
};
