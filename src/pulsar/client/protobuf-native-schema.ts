import { createRequire } from 'node:module';
import type { Namespace, Root } from 'protobufjs';
import { PulsarError } from '../errors.ts';
import type { SchemaInfo } from './schema-info.ts';

type Protobuf = typeof import('protobufjs');
type Descriptor = typeof import('protobufjs/ext/descriptor.js');

/** A schema that is complete, as npm `pulsar-client` takes it, too. */
export interface ProtobufNativeSchemaInfo extends SchemaInfo {
  schemaType: 'ProtobufNative';
  name: string;
  schema: string;
  properties: Record<string, string>;
  schemaData?: never;
}

/** Types that npm `pulsar-client` has under this name. */
export declare namespace ProtobufNativeSchema {
  /** What a schema is made of. */
  interface CreateSchemaInfoFromRootOptions {
    /** A `Root` of protobufjs. */
    root: object;
    /** Full name of the message type; a dot before it is dropped. */
    rootMessageTypeName: string;
    /** Name of its `.proto` file. */
    rootFileDescriptorName: string;
    schemaType?: 'ProtobufNative';
    syntax?: string;
    /** Default: `rootMessageTypeName`. */
    name?: string;
    properties?: Record<string, string>;
  }
}

function load<T>(name: string): T {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch (cause) {
    const message = 'ProtobufNativeSchema needs the package protobufjs: npm install protobufjs';
    throw new PulsarError('OperationNotSupported', message, { cause });
  }
}

function require(value: unknown, name: string): void {
  if (!value) throw new PulsarError('InvalidConfiguration', `${name} is required`);
}

/** The file that a type is in: protobufjs keeps no file names, and takes one from the namespace. */
function nameFile(root: Root, typeName: string, fileName: string): string {
  const type = root.lookupType(typeName.replace(/^\./, ''));
  let file: Namespace | null = type.parent;
  while (file?.parent && 'fields' in file) file = file.parent;
  if (file) file.filename = fileName;
  return type.fullName.slice(1);
}

/** Makes `ProtobufNative` schemas of message types of protobufjs, as npm `pulsar-client` 1.18 does. Needs the package `protobufjs`. */
export const ProtobufNativeSchema = {
  /** A `Root` from what protobufjs writes as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: as npm pulsar-client declares it, so that programs need no types of protobufjs
  createRootFromJson(rootJson: Record<string, unknown>): any {
    return load<Protobuf>('protobufjs').Root.fromJSON(rootJson);
  },

  /** The schema for `createProducer` and `subscribe`. Throws for an option that is missing, or a type that the root has not. */
  createSchemaInfoFromRoot(options: ProtobufNativeSchema.CreateSchemaInfoFromRootOptions): ProtobufNativeSchemaInfo {
    const { rootMessageTypeName, rootFileDescriptorName, syntax = 'proto3' } = options;
    for (const name of ['root', 'rootMessageTypeName', 'rootFileDescriptorName'] as const) require(options[name], name);
    const { FileDescriptorSet } = load<Descriptor>('protobufjs/ext/descriptor.js');
    const root = options.root as Root & { toDescriptor(syntax: string): { toJSON(): object } };
    const typeName = nameFile(root, rootMessageTypeName, rootFileDescriptorName);
    root.resolveAll();
    const set = FileDescriptorSet.encode(root.toDescriptor(syntax)).finish();
    const fileDescriptorSet = Buffer.from(set).toString('base64');
    return {
      schemaType: options.schemaType ?? 'ProtobufNative',
      name: options.name ?? rootMessageTypeName,
      schema: JSON.stringify({ fileDescriptorSet, rootMessageTypeName: typeName, rootFileDescriptorName }),
      properties: options.properties ?? {},
    };
  },
};
