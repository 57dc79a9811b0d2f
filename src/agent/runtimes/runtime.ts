/**
 * What the agent needs of a container runtime; shaped after the CRI (cri-api runtime/v1/api.proto). Times are milliseconds
 * since the epoch. A runtime is the memory of the agent: whatever a restarted agent must know comes out of `list` again.
 * contract.ts is the runnable form of these sentences.
 */
import type { Readable, Writable } from 'node:stream';
import type { Running } from '../../base/lifecycle.ts';

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface SandboxConfig {
  readonly pod: PodIdentity;
  /** 0 for the first sandbox of a pod, one more for each that replaces it. */
  readonly attempt: number;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly hostPID: boolean;
  readonly hostIPC: boolean;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  /** One of the runtime's handlers; '' for the usual one. */
  readonly handler: string;
  /** The pod's annotations; only the simulated runtime reads them. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Sandbox {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly attempt: number;
  readonly running: boolean;
  /** Process whose namespaces are the pod's; 0 when there is none. */
  readonly pid: number;
  readonly createdAt: number;
  /** The handler that was asked for; its containers have it too. */
  readonly handler?: string;
}

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'rslave' | 'rshared';
}

export interface ResourceLimits {
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryBytes?: number;
  readonly oomScoreAdj?: number;
}

export interface SecurityConfig {
  /** `UID` or `UID:GID`; '' leaves it to the image. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly privileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly readOnlyRoot: boolean;
  readonly noNewPrivileges: boolean;
  /** `default`, `unconfined` or the JSON text of a profile. */
  readonly seccomp: string;
  readonly unmaskedProc: boolean;
  /** Name of a loaded profile, or `unconfined`; '' leaves it to the runtime. */
  readonly appArmor: string;
}

export type ContainerKind = 'init' | 'main' | 'ephemeral';

export interface Device {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Some of the letters r, w and m. */
  readonly permissions: string;
}

export interface ContainerConfig {
  readonly pod: PodIdentity;
  readonly name: string;
  readonly kind: ContainerKind;
  /** How often the container was started before. */
  readonly restartCount: number;
  /** Tells whether the specification the container was made of is still the pod's. */
  readonly specHash: string;
  /** What the pod calls the image. */
  readonly image: string;
  readonly imageID: string;
  /** Undefined leaves entry point and arguments to the image. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly stopSignal: string;
  readonly resources: ResourceLimits;
  readonly security: SecurityConfig;
  readonly cgroupParent: string;
  /** Host path of the termination message file; '' when there is none. */
  readonly terminationLog: string;
  /** Whose processes it sees: its own, the sandbox's, the host's, or those of the container with this id. */
  readonly processes: 'own' | 'pod' | 'host' | { readonly containerId: string };
}

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly pod: PodIdentity;
  readonly name: string;
  readonly kind: ContainerKind;
  readonly restartCount: number;
  readonly specHash: string;
  readonly state: 'created' | 'running' | 'exited';
  readonly pid: number;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly signal?: number;
  readonly oomKilled: boolean;
  /** Why the container could not be started; '' when it could. */
  readonly startError: string;
  /** What is known of the end of a container that the runtime has no record of. */
  readonly end?: { readonly reason: string; readonly message: string };
  readonly image: string;
  readonly imageID: string;
  readonly terminationLog: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** As whom its first process began; missing: the runtime cannot tell. */
  readonly user?: ContainerUser;
}

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Everything the runtime knows of one pod, newest sandbox and containers first. */
export interface PodState {
  readonly pod: PodIdentity;
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly Container[];
}

/** Something happened to a container or sandbox; `resync` when events may have been missed. */
export type RuntimeEvent =
  | { readonly type: 'started' | 'died' | 'removed'; readonly podUid: string; readonly id: string; readonly sandbox: boolean }
  | { readonly type: 'resync' };

export interface Image {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly bytes: number;
  /** User the image asks for; '' is root. */
  readonly user: string;
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A process somebody talks to. Streams that were not asked for are undefined. */
export interface ProcessSession {
  /** Ending it is end of input for the process. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  resize(width: number, height: number): Promise<void>;
  /** Exit code, after all output was delivered; rejects when the process could not be started. */
  readonly exited: Promise<number>;
  /** Lets go: the process is killed for exec, left alone for attach. */
  close(): Promise<void>;
}

/** When a container's log is cut off, and how many such pieces there are at most (containerLogMaxSize, containerLogMaxFiles). */
export interface LogLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

export const usualLogs: LogLimits = { maxBytes: 10 << 20, maxFiles: 5 };

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly streams: 'all' | 'stdout' | 'stderr';
}

export interface ContainerStats {
  readonly time: number;
  readonly cpuNanos: number;
  readonly memoryUsage: number;
  readonly workingSet: number;
  readonly rss: number;
}

/** Every call rejects with a {@link RuntimeError}. */
export interface Runtime extends Running {
  /** First part of `containerID` in a pod's status: `docker`. */
  readonly scheme: string;
  /** False when nothing runs: then no files, mounts or networks are made on the host either. */
  readonly real: boolean;
  version(): Promise<string>;
  /** Whether containers are confined by AppArmor. */
  readonly appArmor: boolean;
  /** Names that a RuntimeClass may give as its handler. */
  handlers(): Promise<readonly string[]>;
  /** All pods of this instance and node. */
  list(): Promise<readonly PodState[]>;
  /** What happens from now on; the handler must not throw. */
  watch(handler: (event: RuntimeEvent) => void): Running;
  /** Resolves when the sandbox runs and its network namespace can be connected. */
  runSandbox(config: SandboxConfig): Promise<Sandbox>;
  inspectSandbox(id: string): Promise<Sandbox | undefined>;
  /** Ends it at once, whatever runs in it, and with it its network; what is left is for `removeSandbox`. Fine for an unknown id. */
  stopSandbox(id: string): Promise<void>;
  /** Stops what runs in it and removes it; fine for an unknown id. */
  removeSandbox(id: string): Promise<void>;
  createContainer(sandbox: Sandbox, config: ContainerConfig): Promise<Container>;
  /** Rejects when the program cannot be started; the container is then `exited` with a `startError`. */
  startContainer(id: string): Promise<Container>;
  /** Asks the container to end and kills it after `graceMs`; resolves when it has ended. */
  stopContainer(id: string, graceMs: number): Promise<void>;
  /** Kills if need be; fine for an unknown id. */
  removeContainer(id: string): Promise<void>;
  inspectContainer(id: string): Promise<Container | undefined>;
  updateResources(id: string, resources: ResourceLimits): Promise<void>;
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<ProcessSession>;
  attach(id: string, options: StreamOptions): Promise<ProcessSession>;
  /** Lines as the container wrote them; ends when the log ends, with `follow` when the container has ended. */
  logs(id: string, options: LogOptions): Promise<Readable>;
  /** Where the container's log lies on this machine, if it does; there is none before it has started. */
  logFile(id: string): string | undefined;
  stats(container: Container): Promise<ContainerStats | undefined>;
  /** Bytes of the container's own layer and its log; undefined when nobody knows. */
  diskUse(id: string): Promise<number | undefined>;
  imageStatus(reference: string): Promise<Image | undefined>;
  pullImage(reference: string, auth: RegistryAuth | undefined): Promise<void>;
  listImages(): Promise<readonly Image[]>;
  /** Tells whether it is gone; an image in use stays. */
  removeImage(id: string): Promise<boolean>;
  /** Where images lie on this machine, if they do. */
  readonly imageDir: string | undefined;
  /** Shows the image's files in an existing folder, read-only; fine when they are there. Whoever mounts unmounts. */
  mountImage(image: Image, path: string): Promise<void>;
}

export type RuntimeErrorCode = 'notFound' | 'conflict' | 'invalid' | 'unavailable' | 'failed';

export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}
