import { Flags } from '@oclif/core';

/** For commands that cron or a timer runs; the base command honours them, whatever becomes of the run. */
export const watchFlags = {
  prometheus: Flags.string({
    summary: 'write how it went into this textfile of node_exporter, *.prom',
    helpGroup: 'WATCH',
    helpValue: 'FILE',
    exclusive: ['dry-run'],
  }),
  'ping-url': Flags.string({
    summary: 'tell this URL of start and end: ${file:PATH} or ${env:NAME} [env: POSTERN_PING_URL]',
    helpGroup: 'WATCH',
    helpValue: 'URL',
    exclusive: ['dry-run'],
  }),
  job: Flags.string({
    summary: 'the name of this job in metrics and pings; the command unless told',
    helpGroup: 'WATCH',
    helpValue: 'NAME',
  }),
};
