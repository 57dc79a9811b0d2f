import { expect, test } from '@jest/globals';
import { path } from '../../api/field-errors.ts';
import { uuidErrors } from './uuid.ts';

const good = '0b1d6a34-5c3f-4d1e-9a55-0123456789ab';

test.each([
  [good, undefined],
  ['a', 'error validating uid: invalid UUID length: 1'],
  [good.replace('-', 'x'), 'error validating uid: invalid UUID format'],
  [`x${good}}`, 'error validating uid: invalid bracketed UUID format'],
  [`urn:oops:${good}`, 'error validating uid: invalid urn prefix: "urn:oops:"'],
  [good.toUpperCase(), /^uid must be in RFC 4122 normalized form/],
  [good.replaceAll('-', ''), /^uid must be in RFC 4122 normalized form/],
  [`urn:uuid:${good}`, /^uid must be in RFC 4122 normalized form/],
])('%s', (uid, fault) => {
  const told = uuidErrors(uid, path('u')).map(({ body }) => body.replace(/^Invalid value: ".*?": /, ''));
  expect(told).toEqual(fault === undefined ? [] : [typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
});
