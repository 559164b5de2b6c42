import { Controller, Get, Header, Param, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/access-token.guard.js';
import { Problem } from '../http/problem.js';
import { isProblemSlug, problemIndex, problemPage } from './problem-page.js';

const HTML = 'text/html; charset=utf-8';

/** What people open in a browser: `/` leads to Swagger UI, and each problem has a page. */
@ApiExcludeController()
@Public()
@Controller()
export class PagesController {
  @Get()
  @Redirect('/docs')
  home(): void {
    // The decorator says it all.
  }

  @Get('problems')
  @Header('Content-Type', HTML)
  index(): string {
    return problemIndex();
  }

  @Get('problems/:slug')
  @Header('Content-Type', HTML)
  problem(@Param('slug') slug: string): string {
    if (!isProblemSlug(slug))
      throw new Problem('not-found', 'There is no problem of this name: see /problems.');
    return problemPage(slug);
  }
}
