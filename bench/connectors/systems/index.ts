import type { System } from '../system.ts';
import { aerospike } from './aerospike.ts';
import { cassandra } from './cassandra.ts';
import { debezium } from './debezium.ts';
import { elastic, mongo } from './documents.ts';
import { dynamodb } from './dynamodb.ts';
import { file } from './file.ts';
import { http } from './http.ts';
import { kafka } from './kafka.ts';
import { kinesis, s3 } from './moto.ts';
import { postgres } from './postgres.ts';
import { rabbitmq } from './rabbitmq.ts';
import { redis } from './redis.ts';
import { sqlite } from './sqlite.ts';
import { sqs } from './sqs.ts';

/** Every system that is measured, started when it is its turn. */
export const SYSTEMS: Readonly<Record<string, () => Promise<System>>> = {
  ...{
    file,
    sqlite,
    postgres,
    cassandra,
    redis,
    dynamodb,
    kafka,
    rabbitmq,
    sqs,
    kinesis,
    s3,
    http,
    elastic,
    mongo,
    debezium,
    aerospike,
  },
};
