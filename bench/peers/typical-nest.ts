// What a team would write first: Nest on Express, the global ValidationPipe and @nestjs/axios as they come, one log
// line a request. No token is verified, nothing is recorded, nothing is encrypted.
import 'reflect-metadata';
import { HttpModule, HttpService } from '@nestjs/axios';
import {
  Body,
  Controller,
  HttpException,
  Logger,
  Module,
  Param,
  Patch,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsEmail,
  IsISO31661Alpha2,
  IsISO4217CurrencyCode,
  IsNumberString,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { firstValueFrom } from 'rxjs';

class Address {
  @IsOptional() @IsString() @MaxLength(255) line1?: string;
  @IsOptional() @IsString() @MaxLength(255) line2?: string;
  @IsOptional() @IsString() @MaxLength(255) city?: string;
  @IsOptional() @IsString() @MaxLength(255) state?: string;
  @IsOptional() @IsString() @MaxLength(255) zip_code?: string;
  @IsOptional() @IsISO31661Alpha2() country?: string;
}

class ShippingAddress {
  @IsBoolean() same_as_billing: boolean;
  @IsOptional() @ValidateNested() @Type(() => Address) address?: Address;
}

class Tax {
  @IsString() @MaxLength(255) name: string;
  @IsString() @MaxLength(255) tax_code: string;
  @IsNumberString() rate: string;
}

class PatchCustomer {
  @IsOptional() @IsString() @MaxLength(255) name?: string;
  @IsOptional() @IsString() @MaxLength(255) alias?: string;
  @IsOptional() @IsEmail() billing_email?: string;
  @IsOptional() @IsArray() @ArrayMaxSize(100) @IsEmail({}, { each: true }) invoicing_emails?: string[];
  @IsOptional() @IsString() @MaxLength(50) phone?: string;
  @IsOptional() @IsISO4217CurrencyCode() currency?: string;
  @IsOptional() @Matches(/^ive_[0-9A-Za-z]{1,22}$/) invoicing_entity_id?: string;
  @IsOptional() @IsBoolean() is_tax_exempt?: boolean;
  @IsOptional() @IsString() @MaxLength(50) vat_number?: string;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Tax) @ArrayMaxSize(50) custom_taxes?: Tax[];
  @IsOptional() @ValidateNested() @Type(() => Address) billing_address?: Address;
  @IsOptional() @ValidateNested() @Type(() => ShippingAddress) shipping_address?: ShippingAddress;
}

@Controller('api/v1/customers')
class CustomersController {
  private readonly logger = new Logger(CustomersController.name);

  constructor(private readonly http: HttpService) {}

  @Patch(':id')
  async patch(@Param('id') id: string, @Body() body: PatchCustomer): Promise<unknown> {
    const url = `${process.env['BILLING_URL']}/api/v1/customers/${encodeURIComponent(id)}`;
    const headers = { Authorization: `Bearer ${process.env['BILLING_TOKEN']}` };
    try {
      const { data, status } = await firstValueFrom(this.http.patch<unknown>(url, body, { headers }));
      this.logger.log(`patched ${id}: ${status}`);
      return data;
    } catch {
      throw new HttpException('the billing API failed', 502);
    }
  }
}

@Module({ imports: [HttpModule], controllers: [CustomersController] })
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['log'] });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
await app.listen(0, '127.0.0.1');
app.getHttpServer().keepAliveTimeout = 3_600_000;
console.log(`listening on ${await app.getUrl()}`);
