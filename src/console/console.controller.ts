import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access-token.guard.js';
import { Config } from '../config/config.js';
import { readConsoleFiles } from './console-files.js';

/** The console: a page for people, which asks the API with the person's own token. */
@ApiExcludeController()
@Public()
@Controller('console')
export class ConsoleController {
  private readonly files = readConsoleFiles();
  private readonly policy: string;

  constructor(private readonly config: Config) {
    this.policy = policyOf(config);
  }

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.header('Content-Security-Policy', this.policy);
    return this.files.page;
  }

  @Get('console.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): string {
    return this.files.script;
  }

  @Get('console.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return this.files.style;
  }

  /** How people sign in. */
  @Get('settings.json')
  settings(): object {
    const { oauth } = this.config.console;
    if (oauth === undefined) return { oauth: null };
    const { authorizeUrl, tokenUrl, clientId, loginHints } = oauth;
    return {
      oauth: {
        authorize_url: authorizeUrl,
        token_url: tokenUrl,
        client_id: clientId,
        login_hints: loginHints,
      },
    };
  }
}

/** Nothing from another host, nothing inline; only the login's token endpoint may be asked. */
function policyOf({ console: { oauth } }: Config): string {
  const connect = oauth === undefined ? "'self'" : `'self' ${new URL(oauth.tokenUrl).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}
