import type { Mutation } from './mutation.ts';

const RECOVERY = 'test/runtime/source-recovery.test.ts';
const PIPELINE = 'test/delivery/source-pipeline.test.ts';

/** Defects of sources, and of publishing. */
export const SOURCE_MUTATIONS: readonly Mutation[] = [
  {
    number: 1,
    defect: 'an entry straddles L',
    edits: [
      {
        file: 'src/delivery/effectively-once-source.ts',
        find: "  item.outcome = 'published';\n};",
        replace: "  if (sequence === output.lastSequence) item.outcome = 'published';\n};",
      },
      {
        file: 'src/delivery/output-topic.ts',
        find: '  if (receipt.messageId === null) {',
        replace: '  if (receipt.messageId === null && Date.now() < 0) {',
      },
    ],
    tests: RECOVERY,
    named: 'probes what a crash left',
  },
  {
    number: 2,
    defect: 'a batch without its highest sequence id',
    edits: [
      {
        file: 'src/pulsar/client/encode-entry.ts',
        find: 'highestSequenceId: count > 1 ? highestSequenceId : undefined,',
        replace: 'highestSequenceId: undefined,',
      },
      {
        file: 'src/pulsar/client/encode-entry.ts',
        find: '    numMessagesInBatch: messages.length,\n    highestSequenceId,\n',
        replace: '    numMessagesInBatch: messages.length,\n',
      },
    ],
    tests: RECOVERY,
    named: 'probes what a crash left',
  },
  {
    number: 3,
    defect: '“I hold it already” taken as success for a new entry',
    edits: [
      {
        file: 'src/delivery/output-topic.ts',
        find: '  if (receipt.messageId === null) {',
        replace: '  if (receipt.messageId === null && Date.now() < 0) {',
      },
    ],
    tests: PIPELINE,
    named: 'takes an unexpected',
  },
  {
    number: 4,
    defect: 'several entries in flight without a scan',
    edits: [
      {
        file: 'src/delivery/output-topic.ts',
        find: '    if (!(await publishEntry(output, entry, progress))) return;\n  }',
        replace: '    sent.push(publishEntry(output, entry, progress));\n  }\n  await Promise.all(sent);',
      },
      {
        file: 'src/delivery/output-topic.ts',
        find: '  for (const entry of entriesOf(lane, output',
        replace: '  const sent: Promise<boolean>[] = [];\n  for (const entry of entriesOf(lane, output',
      },
    ],
    tests: PIPELINE,
    named: 'cuts entries to what the broker takes',
  },
  {
    number: 5,
    defect: 'a refused entry sent again after later ones',
    edits: [
      {
        file: 'src/pulsar/client/session-producer.ts',
        find: 'if (entry === undefined || this.pending.length > 0) this.fail(refusal);',
        replace: 'if (entry === undefined) this.fail(refusal);',
      },
    ],
    tests: 'test/pulsar/client/session.test.ts',
    named: 'a refused entry with others on their way',
  },
  {
    number: 6,
    defect: 'L used without a probe',
    edits: [
      {
        file: 'src/delivery/resume-outputs.ts',
        find: 'return { lastSequence: named, trusted: isSettledThere };',
        replace: 'return { lastSequence: named, trusted: true };',
      },
    ],
    tests: RECOVERY,
    named: 'probes what a crash left',
  },
  {
    number: 7,
    defect: 'resumed at the highest L of all partitions',
    edits: [
      {
        file: 'src/delivery/resume-outputs.ts',
        find: '  return new ResumedOutputs(home, new Map(destinations), options);',
        replace:
          '  const highest = Math.max(...home.outputs.map((it) => it.lastSequence));\n  for (const it of home.outputs) it.lastSequence = highest;\n  return new ResumedOutputs(home, new Map(destinations), options);',
      },
    ],
    tests: RECOVERY,
    named: 'recovers topic-partitions that got to different places',
  },
  {
    number: 8,
    defect: 'records routed round-robin',
    edits: [
      {
        file: 'src/delivery/output-topic.ts',
        find: '  partitions === 0 ? 0 : (message.key === undefined ? message.sequenceId : murmur3(message.key)) % partitions;',
        replace: "  partitions === 0 ? 0 : turn++ % (partitions + 0 * murmur3(message.key ?? ''));\nlet turn = 0;",
      },
    ],
    tests: PIPELINE,
    named: 'routes by the key',
  },
  {
    number: 9,
    defect: 'an empty scan taken for “nothing was published”',
    edits: [
      {
        file: 'src/delivery/scan-tail.ts',
        find: '  if (!range.isGuarded) requireStart(first, range);',
        replace: '  if (!range.isGuarded && Date.now() < 0) requireStart(first, range);',
      },
    ],
    tests: RECOVERY,
    named: 'stops with PIO_PROGRESS_UNCERTAIN',
  },
  {
    number: 10,
    defect: 'deduplication not checked',
    edits: [
      {
        file: 'src/delivery/deduplication.ts',
        find: '  if (output.producer.lastSequenceId === lastSequence) return;',
        replace: '  if (Date.now() > 0) return;',
      },
    ],
    tests: RECOVERY,
    named: 'stops with PIO_DEDUPLICATION_OFF',
  },
  {
    number: 14,
    defect: 'sequences counted after a filter',
    edits: [
      {
        file: 'src/delivery/encode.ts',
        find: 'if (record) item.message = toMessage(record, shape);',
        replace:
          'if (record) {\n          const before = batch.items.filter((it) => it.message).length;\n          const sequence = (batch.items[0]?.record.sequence ?? 0) + before;\n          Object.assign(item, { record: { ...item.record, sequence } });\n          item.message = toMessage({ ...record, sequence }, shape);\n        }',
      },
    ],
    tests: 'test/runtime/transforms.test.ts',
    named: 'whatever is dropped before it',
  },
  {
    number: 19,
    defect: 'committed before the receipt',
    edits: [
      {
        file: 'src/delivery/effectively-once-source.ts',
        find: '    batch.stopsAtFailure = batch.deadLetters === undefined;\n',
        replace:
          '    batch.stopsAtFailure = batch.deadLetters === undefined;\n    const last = batch.items[batch.items.length - 1] as SourceItem;\n    await batch.checkpoint.commit({ position: last.record.position, sequence: last.record.sequence });\n',
      },
    ],
    tests: PIPELINE,
    named: 'commits before it publishes under ATMOST_ONCE, and after',
  },
  {
    number: 30,
    defect: 'marked clean with a receipt outstanding',
    edits: [
      {
        file: 'src/runtime/source-partition-run.ts',
        find: '    guaranteeOf(context).resumes ? { ...stored, clean: false } : stored;',
        replace: '    guaranteeOf(context).resumes ? { ...stored, clean: true } : stored;',
      },
      {
        file: 'src/delivery/effectively-once-source.ts',
        find: 'clean: false });',
        replace: 'clean: true });',
      },
    ],
    tests: RECOVERY,
    named: 'reads the tail',
  },
  {
    number: 30,
    part: 'b',
    defect: 'marked clean although a scan found more than was passed',
    edits: [
      {
        file: 'src/runtime/source-partition-run.ts',
        find: 'it.trusted && it.lastSequence <= sequence',
        replace: 'it.trusted && sequence > -2',
      },
    ],
    tests: RECOVERY,
    named: 'leaves no clean mark behind',
  },
  {
    number: 33,
    defect: 'a receipt settled before its message is in the inbox',
    edits: [
      {
        file: 'src/runtime/queue-delivery.ts',
        find: '  await deps.inbox.append(connector.uid, toStore, { ordered: isOrdered }, signal);\n',
        replace:
          '  await delivery.settle(good.map((item) => messageOf(item, received).receipt));\n  await deps.inbox.append(connector.uid, toStore, { ordered: isOrdered }, signal);\n',
      },
    ],
    tests: 'test/runtime/queue-source.test.ts',
    named: 'settles a receipt only after',
  },
  {
    number: 35,
    defect: 'a position set without a new generation',
    edits: [
      {
        file: 'src/control-plane/operations/positions.ts',
        find: 'generation: connector.generation + 1,',
        replace: 'generation: connector.generation,',
      },
    ],
    tests: 'test/control-plane/positions.test.ts',
    named: 'are set under a new generation',
  },
  {
    number: 35,
    part: 'b',
    defect: 'a position set back, and what was a dead letter before stays one unseen',
    edits: [
      {
        file: 'src/runtime/fence-topic.ts',
        find: 'takesCursor: false, lettered: NO_LETTER, letterSeries: letterSeries + 1',
        replace: 'takesCursor: false, lettered: book.content.lettered ?? NO_LETTER, letterSeries',
      },
    ],
    tests: 'test/runtime/positions.test.ts',
    named: 'set back forget which records were dead letters',
  },
  {
    number: 35,
    part: 'c',
    defect: 'a position set, and the producer names of before left to whoever is frozen',
    edits: [
      {
        file: 'src/runtime/source-partition-run.ts',
        find: '  if (stored.abandoned) await closeAbandoned',
        replace: '  if (stored.abandoned && Date.now() < 0) await closeAbandoned',
      },
    ],
    tests: 'test/faults/faults.test.ts',
    named: 'frozen when an operator set the position',
  },
  {
    number: 35,
    part: 'd',
    defect: 'a position of a sink set, and the frontier of before not fenced',
    edits: [
      {
        file: 'src/control-plane/lifecycle/sink-positions.ts',
        find: '    await fenceFrontier(call, connector, topic, token);\n',
        replace: '',
      },
    ],
    tests: 'test/runtime/positions.test.ts',
    named: 'moves no frontier any more',
  },
  {
    number: 8,
    part: 'b',
    defect: 'what is in doubt is looked for in the output topic of the new configuration',
    edits: [
      {
        file: 'src/runtime/source-partition-run.ts',
        find: 'stored, producerGeneration, routerPartitions, outputTopic);',
        replace: 'stored, producerGeneration, routerPartitions);',
      },
    ],
    tests: 'test/runtime/source-recovery.test.ts',
    named: 'finishes in the old topic',
  },
];
