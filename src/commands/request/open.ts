import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { requestKinds, type SubjectRequest } from '../../lib/subject/request/results.ts';

export default class RequestOpen extends BaseCommand<typeof RequestOpen> {
  static override summary = "put a person's request on record";
  static override description =
    'From when it was received, the platform has a calendar month to answer (GDPR, Article 12(3)). The reference is your own name for it, such as a ticket; neither it nor anything else here should name the person. Where you act for a controller, give the tenant and the reference of its instruction.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --kind erasure --reference T-2041 --received 2026-11-20',
    '<%= config.bin %> <%= command.id %> --kind access --reference T-2042 --received 2026-11-20T09:30:00Z --tenant 12 --instruction MAIL-77',
  ];
  static override flags = {
    kind: Flags.option({ options: requestKinds, required: true })({ summary: 'what is asked for' }),
    reference: Flags.string({ summary: 'your own name for it', helpValue: 'TEXT', required: true }),
    received: Flags.string({
      summary: 'when it came; a date means its first moment, in UTC',
      helpValue: 'TIME',
      required: true,
    }),
    tenant: Flags.string({ summary: 'the controller that you act for', helpValue: 'ID' }),
    instruction: Flags.string({
      summary: "the reference of that controller's instruction",
      helpValue: 'TEXT',
      dependsOn: ['tenant'],
    }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../lib/subject/request/results.ts')).subjectRequest;

  async run(): Promise<SubjectRequest> {
    const { receivedAt, requestContext } = await import('../../lib/cli/request.ts');
    const { openRequest } = await import('../../lib/subject/request/index.ts');
    const { requireText } = await import('../../lib/cli/require-text.ts');
    const { kind, reference, received, tenant, instruction } = this.flags;
    const context = await requestContext(await this.context());
    const request = await openRequest(context, {
      kind,
      reference: requireText('reference', reference),
      receivedAt: receivedAt(received),
      tenant: tenant === undefined ? undefined : requireText('tenant', tenant),
      instruction: instruction === undefined ? undefined : requireText('instruction', instruction),
    });
    this.print(`request ${request.number}, due on ${request.dueAt.slice(0, 10)}`);
    return request;
  }
}
