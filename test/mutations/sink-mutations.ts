import type { Mutation } from './mutation.ts';

const SINK_PIPELINE = 'test/delivery/sink-pipeline.test.ts';
const SINK_DELIVERY = 'test/runtime/sink-delivery.test.ts';
const SQLITE_SINK = 'test/connectors/jdbc-sqlite.test.ts';

/** Defects of sinks and dead letters. */
export const SINK_MUTATIONS: readonly Mutation[] = [
  {
    number: 16,
    defect: 'changed rows not looked at',
    edits: [
      {
        file: 'src/connectors/jdbc/checkpoint-table.ts',
        find: '    if (changes !== 1) throw',
        replace: '    if (changes > 1) throw',
      },
    ],
    tests: SQLITE_SINK,
    named: 'rule 16',
  },
  {
    number: 17,
    defect: 'the epoch missing in one condition',
    edits: [
      {
        file: 'src/connectors/jdbc/checkpoint-table.ts',
        find: 'AND generation = ? AND epoch = ? AND ledger_id',
        replace: 'AND (generation = ? OR 1) AND (epoch = ? OR 1) AND ledger_id',
      },
    ],
    tests: SQLITE_SINK,
    named: 'zombie|fence|differs|two runs',
  },
  {
    number: 20,
    defect: 'the frontier passes a record that is to be retried',
    edits: [
      {
        file: 'src/delivery/sink-batch.ts',
        find: '  return first < 0 ? batch.records.length : first;',
        replace: '  return first < -1 ? first : batch.records.length;',
      },
    ],
    tests: SINK_PIPELINE,
    named: 'has its frontier stored after the write',
  },
  {
    number: 21,
    defect: 'acknowledged before the commit',
    edits: [
      {
        file: 'src/delivery/effectively-once-sink.ts',
        find: '    batch.commitsInTarget = batch.frontier?.isInTarget === true;\n',
        replace:
          '    batch.commitsInTarget = batch.frontier?.isInTarget === true;\n    const last = batch.records[batch.records.length - 1];\n    if (last) await batch.consumer.ackCumulative(last.record.messageId);\n',
      },
    ],
    tests: SINK_PIPELINE,
    named: 'gets records and frontier in one transaction|nothing acknowledged',
  },
  {
    number: 22,
    defect: 'at most once: written before the durable checkpoint',
    edits: [
      {
        file: 'src/delivery/at-most-once.ts',
        find: '    await moveFrontier(batch, batch.records.length);\n  },\n  after: async ({ event: batch }): Promise<void> => {\n',
        replace:
          '  },\n  after: async ({ event: batch }): Promise<void> => {\n    await moveFrontier(batch, batch.records.length);\n',
      },
    ],
    tests: SINK_PIPELINE,
    named: 'moves the frontier before it writes',
  },
  {
    number: 23,
    defect: 'a frontier without the index in the batch',
    edits: [
      {
        file: 'src/delivery/sink-batch.ts',
        find: '  const isWhole = batchIndex < 0 || (batchSize',
        replace: '  const isWhole = Date.now() > 0 || (batchSize',
      },
    ],
    tests: SINK_DELIVERY,
    named: 'exact whichever call',
  },
  {
    number: 24,
    defect: 'the first frontier is the last message instead of the mark-delete position',
    edits: [
      {
        file: 'src/runtime/fence-topic.ts',
        find: '  const initial = frontierAtMarkDelete(markDelete);',
        replace: '  const initial = frontierAtMarkDelete(markDelete && last);',
      },
    ],
    tests: SINK_DELIVERY,
    named: 'exact whichever call|loses nothing when its guarantee',
  },
  {
    number: 25,
    defect: 'a frontier of another topic or subscription is filtered by',
    edits: [
      {
        file: 'src/runtime/fence-topic.ts',
        find: '  if (isNewSubscription) await requireNoFrontier',
        replace: '  if (isNewSubscription && Date.now() < 0) await requireNoFrontier',
      },
    ],
    tests: SINK_DELIVERY,
    named: 'when its subscription was deleted',
  },
  {
    number: 26,
    defect: 'dead letters out of the order of the frontier',
    edits: [
      {
        file: 'src/delivery/dead-letter.ts',
        find: '        if (!mustWait) await moveAside',
        replace: '        if (!mustWait || Date.now() > 0) await moveAside',
      },
    ],
    tests: SINK_DELIVERY,
    named: 'dead-letters in the order of the log',
  },
  {
    number: 26,
    part: 'b',
    defect: 'a dead letter that is published before the book has it',
    edits: [
      { file: 'src/delivery/dead-letter.ts', find: '    await batch.book.decide(item);\n', replace: '' },
      {
        file: 'src/delivery/dead-letter.ts',
        find: '  await publishSinkLetter(deadLetters, batch, item, letter);\n',
        replace: '  await publishSinkLetter(deadLetters, batch, item, letter);\n  await batch.book?.decide(item);\n',
      },
    ],
    tests: 'test/runtime/dead-letters.test.ts',
    named: 'never written as well',
  },
  {
    number: 26,
    part: 'c',
    defect: 'a book of dead letters that moves back to one that is published again',
    edits: [
      {
        file: 'src/delivery/letter-book.ts',
        find: '  end !== undefined && isUpTo(id, end) ? end : id;',
        replace: '  end !== undefined && Date.now() < 0 ? end : id;',
      },
    ],
    tests: 'test/runtime/dead-letters.test.ts',
    named: 'stay dead letters when the run',
  },
  {
    number: 26,
    part: 'd',
    defect: 'a redrive filtered by how far one was in another dead-letter topic',
    edits: [
      {
        file: 'src/runtime/redrive.ts',
        find: 'redriveStream(letterTopic, topic)',
        replace: "redriveStream('', topic)",
      },
    ],
    tests: 'test/runtime/redrive.test.ts',
    named: 'letters in another dead-letter topic',
  },
  {
    number: 26,
    part: 'e',
    defect: 'a second redrive that does not wait for the first to be through',
    edits: [
      {
        file: 'src/runtime/redrive.ts',
        find: '  redriving && redriving.number > redriven ? redriving.number : number;',
        replace: '  redriving && redriving.number < redriven - number ? redriving.number : number;',
      },
    ],
    tests: 'test/runtime/redrive.test.ts',
    named: 'that is asked for again',
  },
  {
    number: 26,
    part: 'f',
    defect: 'a redrive that begins before the letters are published that an earlier run decided',
    edits: [
      {
        file: 'src/runtime/redrive.ts',
        find: '  for (const topic of mine) await publishDecided(run, topic);\n',
        replace: '',
      },
    ],
    tests: 'test/runtime/redrive.test.ts',
    named: 'is published before letters are sent back|does not come between',
  },
  {
    number: 26,
    part: 'g',
    defect: 'an idempotent target that is handed what follows a record that failed',
    edits: [
      {
        file: 'src/delivery/write.ts',
        find: '    if (item.error) failed.add(lane);',
        replace: '    if (item.error && Date.now() < 0) failed.add(lane);',
      },
    ],
    tests: 'test/delivery/sink-pipeline.test.ts',
    named: 'one record after the other',
  },
  {
    number: 26,
    part: 'h',
    defect: 'a part of the letters is sent back, and one that fails again goes behind the others of its key',
    edits: [
      {
        file: 'src/delivery/letter-book.ts',
        find: 'book.content.redriving?.isPart === true &&',
        replace: 'book.content.redriving?.isPart === undefined &&',
      },
    ],
    tests: 'test/runtime/redrive.test.ts',
    named: 'end at one that fails again',
  },
  {
    number: 27,
    defect: 'a redriven record with a new version',
    edits: [
      {
        file: 'src/delivery/sink-batch.ts',
        find: '  original ? { ...record, ...original } : record;',
        replace: '  original ? { ...record, ...original, version: record.version } : record;',
      },
    ],
    tests: 'test/runtime/redrive.test.ts',
    named: 'rule 40',
  },
  {
    number: 28,
    defect: 'a version by the wall clock',
    edits: [
      {
        file: 'src/core/frontier.ts',
        find: '  Math.max(publishTimeMs * 1000, previousVersion + 1);',
        replace: '  Math.max(publishTimeMs * 0 + Date.now() * 1000, previousVersion * 0);',
      },
    ],
    tests: 'test/core/rules.test.ts',
    named: 'rule 28',
  },
  {
    number: 31,
    defect: 'an S3 object by a name of each run’s own, which its successor does not look for',
    edits: [
      {
        file: 'src/connectors/s3/frontier-object.ts',
        find: '    if (object === undefined) return from;\n    const before',
        replace: '    if (object === undefined || Date.now() > 0) return from;\n    const before',
      },
    ],
    tests: 'test/connectors/s3-frontier.test.ts',
    named: 'rule 30',
  },
  {
    number: 28,
    part: 'b',
    defect: 'versions begin anew behind a position that was set back',
    edits: [
      {
        file: 'src/runtime/fence-topic.ts',
        find: ' : frontier.current.version;',
        replace: ' : 0;',
      },
    ],
    tests: 'test/faults/faults.test.ts',
    named: 'set back are newer',
  },
  {
    number: 28,
    part: 'c',
    defect: 'versions behind a position that was set ahead do not know what a killed run wrote before it',
    edits: [
      {
        file: 'src/runtime/passed-version.ts',
        find: "  if (run.route !== 'versioned') return",
        replace: "  if (run.route !== 'versioned' || Date.now() > 0) return",
      },
    ],
    tests: 'test/faults/faults.test.ts',
    named: 'set ahead are newer',
  },
  {
    number: 35,
    part: 'e',
    defect: 'a position of a sink set, and a run of before acknowledges up to the frontier of before',
    edits: [
      {
        file: 'src/runtime/open-sink-topic.ts',
        find: '  if (run.isFrontierInTarget) await',
        replace: '  if (run.isFrontierInTarget && Date.now() < 0) await',
      },
    ],
    tests: 'test/faults/faults.test.ts',
    named: 'acknowledges nothing of before',
  },
];
