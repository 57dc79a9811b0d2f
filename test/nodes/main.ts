/** `hack/nodes`: a test bed of several nodes on this machine. */
import { spawnSync } from 'node:child_process';
import { commandLine } from '../support/command-line.ts';
import { NodeBed } from './bed.ts';

const help = `hack/nodes up COUNT [--name NAME] [--routed] [--server-flag FLAG]... [--node-flag FLAG]...
hack/nodes down [--name NAME]
hack/nodes list [--name NAME]
hack/nodes exec [--name NAME] NODE -- COMMAND...

Nodes n1, n2, ... on this machine, each in a network namespace with a dockerd of its own that shares the images of
/var/run/docker.sock; n1 runs the server. Needs root.
  --routed           each node on a network segment of its own, behind a router
  --server-flag      a further flag for coracle server, such as --server-flag=--flannel-backend=vxlan
  --node-flag        a further flag for the server and the agents`;

const { values, positionals } = commandLine(
  help,
  {
    name: { type: 'string', default: 'bed' },
    routed: { type: 'boolean', default: false },
    'server-flag': { type: 'string', multiple: true, default: [] },
    'node-flag': { type: 'string', multiple: true, default: [] },
  },
  { positionals: true },
);
const { name } = values;
const [command, ...rest] = positionals;

function found(): NodeBed {
  const bed = NodeBed.find(name);
  if (bed === undefined) throw new Error(`there is no bed ${name}`);
  return bed;
}

function describe(bed: NodeBed): void {
  for (const node of bed.nodes) {
    console.log(`${node.name}  ${node.ips.join(' ')}  netns ${node.namespace}  docker unix://${bed.dockerSocket(node.name)}`);
  }
  console.log(`export KUBECONFIG=${bed.kubeconfig}`);
}

async function perform(): Promise<number> {
  switch (command) {
    case 'up':
      describe(
        await NodeBed.up({
          name,
          count: Number(rest[0] ?? 3),
          routed: values.routed,
          serverFlags: values['server-flag'],
          nodeFlags: values['node-flag'],
        }),
      );
      return 0;
    case 'down': {
      const left = (await NodeBed.find(name)?.down()) ?? [];
      if (left.length > 0) console.error(`not removed: ${left.join(', ')}`);
      return left.length === 0 ? 0 : 1;
    }
    case 'list':
      describe(found());
      return 0;
    case 'exec': {
      const { namespace } = found().node(rest[0] ?? '');
      return spawnSync('nsenter', [`--net=/run/netns/${namespace}`, ...rest.slice(1)], { stdio: 'inherit' }).status ?? 1;
    }
    default:
      console.log(help);
      return 1;
  }
}

try {
  process.exitCode = await perform();
} catch (error) {
  console.error(`hack/nodes: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
