import { isoTime } from '../../../state/iso-time.ts';
import { movedAway } from '../history/moved-away.ts';
import { type Look, met, notMet, unknown } from './rule.ts';

/** A set that was made after the last data key was moved away has passed a drill: what is left can be restored. */
export const drillPassed: Look = async ({ context, key }) => {
  const keyrings = await movedAway(context, key);
  if (keyrings.length === 0) return met('the data map has no keyring, so that no data key was under it');
  const untold = keyrings.filter(({ at }) => at === null).map(({ keyring }) => keyring);
  if (untold.length > 0) {
    return unknown(
      `no applied rotation on record tells when the last data key of ${untold.join(', ')} was moved away`,
    );
  }
  const since = keyrings
    .map(({ at }) => at ?? '')
    .toSorted()
    .at(-1);
  const { rows } = await (await context.state()).query<{ setId: string; destination: string; at: string }>(
    `select c.set_id as "setId", c.destination, ${isoTime('c.finished_at')} as at
     from postern.backup_check c join postern.backup_set s on s.set_id = c.set_id and s.profile = c.profile
     where c.profile = $1 and c.kind = 'drill' and c.outcome = 'passed' and s.started_at > $2
     order by c.finished_at desc limit 1`,
    [context.profile, since],
  );
  const [drill] = rows;
  return drill === undefined
    ? notMet([
        `no set that was made after ${since}, when the last data key was moved away, has passed \`postern backup drill\``,
      ])
    : met(`set ${drill.setId} at ${drill.destination} passed a drill at ${drill.at}`);
};
