/** What a newcomer reads first. @param serves whether Swagger UI can get a token by itself, and whether the console is there */
export function introduction(serves: { readonly byButton: boolean; readonly console: boolean }): string {
  return `Frontends and services send the billing API's own customer patch here, with their own token. The service checks it, adds the
tenant's billing token, sends it, and records who changed what, from what to what, and whether it really happened.

### Start here

1. ${serves.byButton ? BY_BUTTON : BY_TOKEN}
2. Open **Preview a patch**, _Try it out_, _Execute_: every change, and nothing is sent.
3. Send the same body with **Patch a customer**. Its first example changes one field.
4. Look at it: **Get an operation** with the \`X-Operation-Id\` of the answer, then **List audit events**.

Every error is a problem document (RFC 9457): [/problems](/problems) says of each what happened, whether anything was changed, and what to
do. If an answer says \`outcome: unknown\`, do not repeat the patch: ask the operation.

${serves.console ? '[The console](/console) does all this without JSON. ' : ''}This document for your tools: [/openapi.json](/openapi.json).
The repository has more to read: \`docs/frontends.md\` (a form), \`docs/services.md\` (retries and keys), \`docs/the-third-outcome.md\`
(after a 504), \`docs/for-auditors.md\`, \`README.md\` (all the others).`;
}

const BY_BUTTON =
  'Authorize twice: **Authorize**, then _Apply given OAuth2 credentials_. Name and secret are filled in. Close the dialogue.';
const BY_TOKEN = 'Get an access token from your identity provider, and paste it: **Authorize**, _bearer_.';
