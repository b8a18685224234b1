import { Client, type Message, MessageId } from '../../src/pulsar/index.ts';

/** A message as a reader of the topic sees it. */
export interface Letter {
  readonly text: string;
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
      letters.push({ text: message.getData().toString(), properties: message.getProperties() });
    }
  } finally {
    await client.close();
  }
};

/** Publishes these texts to a topic, as a program of the user's would. */
export const publishTexts = async (serviceUrl: string, topic: string, texts: readonly string[]): Promise<void> => {
  const client = new Client({ serviceUrl });
  try {
    const producer = await client.createProducer({ topic });
    for (const text of texts) await producer.send({ data: Buffer.from(text) });
    await producer.close();
  } finally {
    await client.close();
  }
};
