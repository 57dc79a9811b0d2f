/** Shell scripts that change a host's settings only where they differ, and say on standard output what they changed. */

/** Forwarding on; answers `ipv6=yes|no` and one `key: old -> new` line for each change. */
export const settingsScript = `
put() { # file value
  [ -e "$1" ] || return 0
  old=$(cat "$1") || return 0
  [ "$old" = "$2" ] && return 0
  if echo "$2" > "$1"; then echo "$1: $old -> $2"; else echo "$1: cannot write"; fi
}
net=/proc/sys/net
put $net/ipv4/ip_forward 1
put $net/ipv4/conf/all/route_localnet 1
if [ -e $net/ipv6 ] && [ "$(cat $net/ipv6/conf/all/disable_ipv6)" = 0 ]; then
  echo ipv6=yes
  # A host that forwards stops listening to router advertisements unless told to go on (accept_ra 2).
  if [ "$(cat $net/ipv6/conf/all/forwarding)" = 0 ]; then
    for file in $net/ipv6/conf/*/accept_ra; do
      case $file in */all/*|*/default/*|*/lo/*) continue;; esac
      [ "$(cat "$file")" = 1 ] && put "$file" 2
    done
  fi
  put $net/ipv6/conf/all/forwarding 1
else
  echo ipv6=no
fi
exit 0
`;

export interface SettingsReport {
  readonly ipv6: boolean;
  readonly changes: readonly string[];
  readonly refused: readonly string[];
}

export function parseSettings(output: string): SettingsReport {
  const lines = output.split('\n').filter((line) => line !== '');
  return {
    ipv6: lines.includes('ipv6=yes'),
    changes: lines.filter((line) => line.includes(' -> ')),
    refused: lines.filter((line) => line.endsWith(': cannot write')),
  };
}

/**
 * Lets pod traffic through a FORWARD chain whose policy is DROP (dockerd sets it when forwarding was off as it started). By address:
 * by interface would miss NodePort traffic that comes in and goes out of the same uplink.
 */
export function acceptForwardScript(instance: string, podCIDRs: readonly string[]): string {
  const lines = podCIDRs.map((cidr) => `accept ${cidr.includes(':') ? 'ip6tables' : 'iptables'} ${cidr}`);
  return `
accept() { # program cidr
  command -v $1 >/dev/null || return 0
  $1 -w -S FORWARD 2>/dev/null | grep -q '^-P FORWARD DROP' || return 0
  chain=FORWARD
  $1 -w -S DOCKER-USER >/dev/null 2>&1 && chain=DOCKER-USER
  for side in -s -d; do
    $1 -w -C $chain $side $2 -m comment --comment coracle_${instance} -j ACCEPT 2>/dev/null && continue
    $1 -w -I $chain $side $2 -m comment --comment coracle_${instance} -j ACCEPT && echo "$1 $chain $side $2 ACCEPT"
  done
}
${lines.join('\n')}
exit 0
`;
}

/** Takes back what {@link acceptForwardScript} added. */
export function withdrawAcceptScript(instance: string): string {
  return `
for program in iptables ip6tables; do
  command -v $program >/dev/null || continue
  $program -w -S 2>/dev/null | grep -- '--comment "\\?coracle_${instance}"\\? ' | sed 's/^-A/-D/' | while read -r rule; do eval "$program -w $rule"; done
done
exit 0
`;
}
