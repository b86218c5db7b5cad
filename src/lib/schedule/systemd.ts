import type { ScheduledJob } from './choose.ts';
import type { Timing } from './timing.ts';

/** A file to install. */
export interface ScheduleFile {
  readonly path: string;
  readonly text: string;
}

export interface SystemdOptions {
  readonly user: string;
  /** `KEY=value` lines, read by systemd before it drops to the user. */
  readonly environmentFile?: string | undefined;
  /** Folders that the jobs write to: local stores, the exporter's. */
  readonly writable: readonly string[];
}

/** A service and its timer for each job. A service that still runs is not started again: that is systemd's lock. */
export function systemdUnits(
  jobs: readonly ScheduledJob[],
  options: SystemdOptions,
): readonly ScheduleFile[] {
  return jobs.flatMap((job) => {
    const path = `/etc/systemd/system/postern-${job.profile}-${job.name}`;
    return [
      { path: `${path}.service`, text: service(job, options) },
      { path: `${path}.timer`, text: timer(job) },
    ];
  });
}

function service({ profile, summary, argv }: ScheduledJob, options: SystemdOptions): string {
  const { user, environmentFile, writable } = options;
  return `[Unit]
Description=postern (${profile}): ${summary}
Wants=network-online.target
After=network-online.target postgresql.service
# Every exit code but 0 is a failure here, 3 (findings) and 4 (incomplete) among them. To be told:
# OnFailure=your-notification@%n.service

[Service]
Type=oneshot
User=${user}
ExecStart=${argv.map(quote).join(' ')}
${environmentFile === undefined ? '' : `EnvironmentFile=${escapeSpecifiers(environmentFile)}\n`}Environment=XDG_STATE_HOME=%S/postern XDG_CACHE_HOME=%C/postern
StateDirectory=postern
StateDirectoryMode=0700
CacheDirectory=postern
CacheDirectoryMode=0700
WorkingDirectory=%S/postern
UMask=0077
Nice=10
${writable.map((folder) => `ReadWritePaths=${quotePath(folder)}\n`).join('')}# A job takes as long as it takes: a oneshot service counts as starting until it ends.
TimeoutStartSec=infinity
# A run stops at its next safe point.
TimeoutStopSec=5min
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
CapabilityBoundingSet=
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# No MemoryDenyWriteExecute: Node compiles while it runs.
`;
}

function timer({ profile, summary, timing }: ScheduledJob): string {
  return `[Unit]
Description=when postern (${profile}) is to ${summary}

[Timer]
OnCalendar=${calendar(timing)}
RandomizedDelaySec=${timing.jitter}min
FixedRandomDelay=yes
AccuracySec=1min
Persistent=yes

[Install]
WantedBy=timers.target
`;
}

/** systemd.time(7), "Calendar Events". */
export function calendar(timing: Timing): string {
  const minute = two(timing.minute);
  const time = `${two(timing.hour)}:${minute}:00`;
  if (timing.every === 'hour') return `*-*-* *:${minute}:00`;
  if (timing.every === 'day') return `*-*-* ${time}`;
  if (timing.every === 'month') return `*-*-${two(timing.on)} ${time}`;
  return `${timing.on.slice(0, 3).replace(/^./, (letter) => letter.toUpperCase())} *-*-* ${time}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** A word of a command line: systemd.service(5), "Command Lines". */
function quote(word: string): string {
  const escaped = escapeSpecifiers(word).replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escapeQuoted(escaped)}"`;
}

function quotePath(path: string): string {
  return `"-${escapeQuoted(escapeSpecifiers(path))}"`;
}

function escapeQuoted(text: string): string {
  return text.replaceAll(/["\\]/g, '\\$&');
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}
