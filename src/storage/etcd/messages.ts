/** The requests of etcd's API that are made here and what is read of their answers (etcd api/etcdserverpb/rpc.proto, v3.5 and later). */
import type { KeyValue, StorageEvent } from '../storage.ts';
import { Fields, Message } from './wire.ts';

/** A key's bounds: [key, end) as etcd wants them; an end of one zero byte means no end. */
export interface Bounds {
  readonly key: string;
  /** '' : this one key only. */
  readonly end: string;
}

export interface RangeRequest extends Bounds {
  readonly limit?: number;
  readonly revision?: number;
  readonly countOnly?: boolean;
}

export interface RangeAnswer {
  readonly kvs: readonly KeyValue[];
  readonly count: number;
  readonly revision: number;
}

/** A key's version is how often it was written since it was created. */
export interface VersionedValue {
  readonly version: number;
  readonly value: string;
}

export interface TxnAnswer {
  readonly succeeded: boolean;
  readonly revision: number;
  /** What the answer's one range found. */
  readonly current: KeyValue | undefined;
  readonly version: number;
}

export interface WatchAnswer {
  readonly revision: number;
  /** Of one watch; undefined: for all of the stream (the answer to a progress request). */
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly reason: string;
  readonly fragment: boolean;
  readonly events: readonly StorageEvent[];
}

export interface PutOperation {
  readonly key: string;
  /** undefined: a deletion. */
  readonly value: Buffer | undefined;
  /** The modRevision the key must have; 0: it must not exist. */
  readonly expected: number;
  readonly lease: bigint;
}

const nothing = Buffer.alloc(0);

function range({ key, end, limit = 0, revision = 0, countOnly = false }: RangeRequest): Message {
  return new Message().text(1, key).text(2, end).number(3, limit).number(4, revision).number(9, countOnly);
}

export function encodeRange(request: RangeRequest): Buffer {
  return range(request).encode();
}

/** Compare-and-swap by modRevision; when it fails, the key's state comes back. */
export function encodeWrite({ key, value, expected, lease }: PutOperation): Buffer {
  // result EQUAL (0), target MOD (2); the value of the oneof has to be there even when it is 0.
  const expectation = new Message().number(2, 2).text(3, key).number(6, expected, true);
  const write =
    value === undefined
      ? new Message().message(3, new Message().text(1, key))
      : new Message().message(2, new Message().text(1, key).bytes(2, value).number(3, lease));
  const read = new Message().message(1, range({ key, end: '' }));
  return new Message().message(1, expectation).message(2, write).message(3, read).encode();
}

/** Writes the key when it has been written this often so far; otherwise it is read. */
export function encodeVersionedPut(key: string, { version, value }: VersionedValue): Buffer {
  const compare = new Message().number(2, 0).text(3, key).number(4, version, true);
  const write = new Message().message(2, new Message().text(1, key).text(2, value));
  const read = new Message().message(1, range({ key, end: '' }));
  return new Message().message(1, compare).message(2, write).message(3, read).encode();
}

export function encodeCompaction(revision: number): Buffer {
  return new Message().number(1, revision).encode();
}

export function encodeLeaseGrant(seconds: number): Buffer {
  return new Message().number(1, seconds).encode();
}

export function encodeAuthenticate(name: string, password: string): Buffer {
  return new Message().text(1, name).text(2, password).encode();
}

export interface WatchRequest extends Bounds {
  readonly start: number;
  readonly previous: boolean;
}

export function encodeWatch({ key, end, start, previous }: WatchRequest): Buffer {
  const create = new Message().text(1, key).text(2, end).number(3, start).number(4, true).number(6, previous).number(8, true);
  return new Message().message(1, create).encode();
}

/** Asks for the revision up to which all watches of the stream have been told. */
export function encodeProgress(): Buffer {
  return new Message().message(3, new Message()).encode();
}

function readHeader(fields: Fields): number {
  let revision = 0;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 3) revision = fields.number();
    else fields.skip();
  }
  return revision;
}

interface Stored extends KeyValue {
  readonly version: number;
}

function readKeyValue(fields: Fields): Stored {
  let key = '';
  let value: Buffer = nothing;
  let createRevision = 0;
  let modRevision = 0;
  let version = 0;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) key = fields.text();
    else if (field === 2) createRevision = fields.number();
    else if (field === 3) modRevision = fields.number();
    else if (field === 4) version = fields.number();
    else if (field === 5) value = fields.bytes();
    else fields.skip();
  }
  return { key, value, createRevision, modRevision, version };
}

const stateOf = ({ key, value, createRevision, modRevision }: Stored): KeyValue => ({ key, value, createRevision, modRevision });

function readRange(fields: Fields): { kvs: Stored[]; count: number; revision: number } {
  const kvs: Stored[] = [];
  let count = 0;
  let revision = 0;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) revision = readHeader(fields.message());
    else if (field === 2) kvs.push(readKeyValue(fields.message()));
    else if (field === 4) count = fields.number();
    else fields.skip();
  }
  return { kvs, count, revision };
}

export function decodeRange(data: Buffer): RangeAnswer {
  const { kvs, count, revision } = readRange(new Fields(data));
  return { kvs: kvs.map(stateOf), count, revision };
}

export function decodeTxn(data: Buffer): TxnAnswer {
  const fields = new Fields(data);
  let succeeded = false;
  let revision = 0;
  let found: Stored | undefined;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) revision = readHeader(fields.message());
    else if (field === 2) succeeded = fields.bool();
    else if (field === 3) found = readResponse(fields.message()) ?? found;
    else fields.skip();
  }
  return { succeeded, revision, current: found === undefined ? undefined : stateOf(found), version: found?.version ?? 0 };
}

function readResponse(fields: Fields): Stored | undefined {
  let found: Stored | undefined;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) found = readRange(fields.message()).kvs[0];
    else fields.skip();
  }
  return found;
}

export function decodeLeaseGrant(data: Buffer): bigint {
  const fields = new Fields(data);
  let id = 0n;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 2) id = fields.bigint();
    else fields.skip();
  }
  return id;
}

/** The token of an AuthenticateResponse. */
export const decodeAuthenticate = secondField;
/** The member's version of a StatusResponse (service Maintenance). */
export const decodeStatus = secondField;

function secondField(data: Buffer): string {
  const fields = new Fields(data);
  let text = '';
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 2) text = fields.text();
    else fields.skip();
  }
  return text;
}

export function decodeWatch(data: Buffer): WatchAnswer {
  const fields = new Fields(data);
  const answer = { revision: 0, created: false, canceled: false, compactRevision: 0, reason: '', fragment: false };
  const events: StorageEvent[] = [];
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) answer.revision = readHeader(fields.message());
    else if (field === 3) answer.created = fields.bool();
    else if (field === 4) answer.canceled = fields.bool();
    else if (field === 5) answer.compactRevision = fields.number();
    else if (field === 6) answer.reason = fields.text();
    else if (field === 7) answer.fragment = fields.bool();
    else if (field === 11) events.push(readEvent(fields.message()));
    else fields.skip();
  }
  return { ...answer, events };
}

function readEvent(fields: Fields): StorageEvent {
  let isDelete = false;
  let state: Stored | undefined;
  let before: Stored | undefined;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) isDelete = fields.number() === 1;
    else if (field === 2) state = readKeyValue(fields.message());
    else if (field === 3) before = readKeyValue(fields.message());
    else fields.skip();
  }
  return {
    type: isDelete ? 'delete' : 'put',
    key: state?.key ?? '',
    value: state?.value ?? nothing,
    previous: before?.value,
    createRevision: isDelete ? (before?.createRevision ?? 0) : (state?.createRevision ?? 0),
    modRevision: state?.modRevision ?? 0,
  };
}
