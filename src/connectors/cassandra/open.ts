import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import type { CassandraConfig } from './config.ts';
import { connect } from './connect.ts';
import { mapping } from './mapping.ts';
import { CassandraSession } from './session.ts';
import { isKeyedByText, misconfigured, namesOf, readColumns, tableProblem } from './table.ts';

/** Connects and reads the table's definition; throws `PIO_SINK_MISCONFIGURED` when it cannot hold what is written. */
export const openCassandra = async (config: CassandraConfig, { guarantee, signal }: OpenContext): Promise<OpenSink> => {
  const client = await connect(config, signal);
  try {
    const names = namesOf(config);
    const columns = await readColumns(client, names);
    const problem = tableProblem(columns, names, config, guarantee);
    if (problem !== undefined) throw misconfigured(names, problem);
    return new CassandraSession({
      client,
      names,
      toWrite: mapping(names, config, isKeyedByText(columns, names)),
      problem: async () => tableProblem(await readColumns(client, names), names, config, guarantee),
      concurrency: config.concurrency,
    });
  } catch (error) {
    await client.shutdown();
    throw error;
  }
};
