import type { Catalogue } from '../core/connector-type.ts';
import { aerospikeSink } from './aerospike/sink.ts';
import { cassandraSink } from './cassandra/sink.ts';
import { catalogueOf } from './catalogue-of.ts';
import { dataGeneratorSource } from './data-generator/source.ts';
import { debeziumPostgresSource } from './debezium-postgres/source.ts';
import { dynamodbSink } from './dynamodb/sink.ts';
import { dynamodbSource } from './dynamodb/source.ts';
import { elasticSearchSink } from './elastic-search/sink.ts';
import { eventbridgeSource } from './eventbridge/source.ts';
import { fileSource } from './file/source.ts';
import { firehoseSource } from './firehose/source.ts';
import { httpSink } from './http/sink.ts';
import { httpSource } from './http/source.ts';
import { jdbcPostgresSink } from './jdbc/postgres/sink.ts';
import { jdbcPostgresSource } from './jdbc/postgres/source.ts';
import { jdbcSqliteSink } from './jdbc/sqlite-sink.ts';
import { jdbcSqliteSource } from './jdbc/sqlite-source.ts';
import { kafkaSink } from './kafka/sink.ts';
import { kafkaSource } from './kafka/source.ts';
import { kinesisSink } from './kinesis/sink.ts';
import { kinesisSource } from './kinesis/source.ts';
import { mongoSink } from './mongo/sink.ts';
import { packages } from './packages.ts';
import { rabbitmqSink } from './rabbitmq/sink.ts';
import { rabbitmqSource } from './rabbitmq/source.ts';
import { redisSink } from './redis/sink.ts';
import { s3Sink } from './s3/sink.ts';
import { s3Source } from './s3/source.ts';
import { sqsSink } from './sqs/sink.ts';
import { sqsSource } from './sqs/source.ts';
import { voidSink } from './void/sink.ts';

/** Every connector type of the product, and of the packages that the deployment names. Loading it opens nothing: drivers are loaded when a connector is opened. */
export const catalogue: Catalogue = catalogueOf(
  [
    aerospikeSink,
    cassandraSink,
    dynamodbSink,
    httpSink,
    elasticSearchSink,
    jdbcPostgresSink,
    jdbcSqliteSink,
    kafkaSink,
    mongoSink,
    rabbitmqSink,
    kinesisSink,
    redisSink,
    s3Sink,
    sqsSink,
    voidSink,
    ...packages.flatMap(({ sinks = [] }) => sinks),
  ],
  [
    dataGeneratorSource,
    debeziumPostgresSource,
    dynamodbSource,
    eventbridgeSource,
    fileSource,
    firehoseSource,
    httpSource,
    jdbcPostgresSource,
    jdbcSqliteSource,
    kafkaSource,
    kinesisSource,
    rabbitmqSource,
    s3Source,
    sqsSource,
    ...packages.flatMap(({ sources = [] }) => sources),
  ],
);
