/** What a pod's containers stand on: volumes, sandbox and network of one pod. */
import { join } from 'node:path';
import type { Pod } from '../../api/generated/types.ts';
import { removeCgroups } from '../containers/cgroups.ts';
import { cgroupParent } from '../containers/resources.ts';
import type { PodReferences } from '../references.ts';
import type { Sandbox } from '../runtimes/runtime.ts';
import type { PreparedVolume } from '../volumes/mounts.ts';
import type { VolumeInput } from '../volumes/pod-volumes.ts';
import { prepareVolumes, refreshVolumes, removeVolumes } from '../volumes/pod-volumes.ts';
import type { PodDeps } from './deps.ts';
import { makePodFolders, prepareSandbox } from './sandbox.ts';

export class PodGround {
  readonly podDir: string;
  readonly #deps: PodDeps;
  readonly #uid: string;
  readonly #memoryDir: string;
  readonly #references: PodReferences;
  #sandbox: Sandbox | undefined;
  #volumes: ReadonlyMap<string, PreparedVolume> | undefined;
  #podIPs: readonly string[] = [];
  #connected = false;
  #attempts = 0;

  constructor(deps: PodDeps, uid: string, references: PodReferences) {
    this.#deps = deps;
    this.#uid = uid;
    this.#references = references;
    this.podDir = join(deps.podsDir, uid);
    this.#memoryDir = join(deps.memoryDir, uid);
  }

  get sandbox(): Sandbox | undefined {
    return this.#sandbox;
  }
  get volumes(): ReadonlyMap<string, PreparedVolume> {
    return this.#volumes ?? new Map();
  }
  get podIPs(): readonly string[] {
    return this.#podIPs;
  }
  /** Containers can be started. */
  get ready(): boolean {
    return this.#connected && this.#volumes !== undefined;
  }
  /** There was a sandbox before. */
  get hadSandbox(): boolean {
    return this.#attempts > 0;
  }

  /** Takes over what an earlier agent left, newest first; all but a running newest sandbox is removed. */
  async adopt(sandboxes: readonly Sandbox[]): Promise<void> {
    const [newest, ...others] = sandboxes;
    if (newest === undefined) return;
    this.#attempts = newest.attempt + 1;
    if (newest.running) this.#sandbox = newest;
    for (const sandbox of newest.running ? others : sandboxes) await this.#deps.runtime.removeSandbox(sandbox.id);
  }

  async makeVolumes(pod: Pod): Promise<void> {
    if (!this.#deps.runtime.real) {
      this.#volumes = new Map();
      return;
    }
    await makePodFolders(this.podDir);
    this.#volumes = await prepareVolumes(this.#volumeInput(pod));
  }

  /** `limit` runs as soon as there is a sandbox, while it is connected. */
  async makeSandbox(pod: Pod, limit: () => Promise<void>): Promise<void> {
    if (this.#sandbox === undefined) this.#attempts += 1;
    const limited: Promise<void>[] = [];
    const prepared = await prepareSandbox({
      deps: this.#deps,
      pod,
      podDir: this.podDir,
      existing: this.#sandbox,
      attempt: this.#attempts - 1,
      made: (sandbox) => {
        this.#sandbox = sandbox;
        const task = limit();
        task.catch(() => undefined);
        limited.push(task);
      },
    });
    await Promise.all(limited);
    this.#podIPs = prepared.podIPs;
    this.#connected = true;
  }

  /** Brings volumes that are made of objects up to date. */
  async refreshVolumes(pod: Pod): Promise<void> {
    if (this.#volumes !== undefined && this.#deps.runtime.real) await refreshVolumes(this.#volumeInput(pod));
  }

  /** The sandbox has died: from now on no container can be started. */
  disconnect(): void {
    this.#connected = false;
  }

  /** Ends the sandbox and frees its addresses; what is left of it goes later. */
  async lose(): Promise<void> {
    this.disconnect();
    const { id } = this.#sandbox ?? {};
    this.#sandbox = undefined;
    const { runtime, leftovers } = this.#deps;
    // The network goes first: that its device ends with the sandbox is no loss to anybody then.
    await Promise.all([this.#detach(), ...(id === undefined ? [] : [runtime.stopSandbox(id)])]);
    if (id !== undefined) leftovers.add(() => runtime.removeSandbox(id));
  }

  /** Frees the sandbox's addresses; it ends when there is nothing more urgent to do. */
  async #abandon(): Promise<void> {
    this.disconnect();
    const { id } = this.#sandbox ?? {};
    this.#sandbox = undefined;
    await this.#detach();
    const { runtime, leftovers } = this.#deps;
    if (id !== undefined) leftovers.add(() => runtime.removeSandbox(id));
  }

  /** Gives sandbox and network back; volumes and dead containers stay. */
  async release(): Promise<void> {
    await this.lose();
  }

  /** Leaves nothing behind, but for what goes later. */
  async remove(pod: Pod): Promise<void> {
    // Nothing is left in the sandbox; its end takes the engine as long as that of a container, and nobody waits for it.
    if (pod.spec.shareProcessNamespace === true) await this.lose();
    else await this.#abandon();
    const { runtime, run, leftovers, podLogs } = this.#deps;
    if (!runtime.real) return;
    const { namespace = '', name, uid } = pod.metadata;
    void podLogs?.removed({ namespace, name, uid });
    await removeVolumes({ podDir: this.podDir, memoryDir: this.#memoryDir }, run);
    leftovers.add(() => removeCgroups(cgroupParent(pod)));
  }

  async #detach(): Promise<void> {
    const network = await this.#deps.network;
    await network?.detach(this.#uid);
  }

  #volumeInput(pod: Pod): VolumeInput {
    const { tokens, claims, run, allocatable, hostIPs } = this.#deps;
    return {
      pod,
      references: this.#references,
      tokens,
      claims,
      run,
      allocatable,
      hostIPs,
      podIPs: this.#podIPs,
      podDir: this.podDir,
      memoryDir: this.#memoryDir,
    };
  }
}
