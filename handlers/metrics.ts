import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Health } from '../src/dispatcher/health.ts';
import { readEnvironment } from './environment.ts';

/** What the alarms of `deploy/operations.yml` look at. */
const NAMESPACE = 'PulsarIoServerless';

/** Writes the metrics of a tick to the log in CloudWatch's embedded format; nothing is called. `Ticks` tells that one came to its end, and could look at all it had to. */
export const emitHealth = ({ failing, deadLetters, lagMs }: Health, { isWhole }: { isWhole: boolean }): void => {
  const serviceName = readEnvironment().functionPrefix.replace(/-$/, '');
  const metrics = new Metrics({ namespace: NAMESPACE, serviceName });
  metrics.addMetric('Ticks', MetricUnit.Count, isWhole ? 1 : 0);
  metrics.addMetric('FailingInstances', MetricUnit.Count, failing);
  metrics.addMetric('DeadLetters', MetricUnit.Count, deadLetters);
  metrics.addMetric('LagSeconds', MetricUnit.Seconds, lagMs / 1000);
  metrics.publishStoredMetrics();
};
