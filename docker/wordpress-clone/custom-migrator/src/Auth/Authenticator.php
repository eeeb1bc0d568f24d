<?php

declare(strict_types=1);

namespace CustomMigrator\Auth;

use CustomMigrator\Request;

/** Decides whether a request may read this site. */
final class Authenticator
{
    /** How far the clocks of client and source may be apart, in seconds. */
    public const CLOCK_SKEW_SECONDS = 300;

    private const MAX_JOB_SECONDS = 7 * 86400;

    /** @var KeyStore */
    private $keys;
    /** @var NonceStore */
    private $nonces;

    public function __construct(KeyStore $keys, NonceStore $nonces)
    {
        $this->keys = $keys;
        $this->nonces = $nonces;
    }

    /**
     * @throws Refused with the reason; callers must not show it to the client
     */
    public function authenticate(Request $request, int $now): Job
    {
        $this->checkForm($request);
        $keyId = $request->header('key');
        $job = Job::parse($request->header('job'))->withKeyOf($keyId, $this->keys->secret($keyId, $now));
        $this->checkTimes($request, $job, $now);
        $this->checkSignature($request, $job);
        // Last, so that nobody without a key can fill the table.
        if (!$this->nonces->take($request->nonce(), $now)) {
            throw new Refused('replayed nonce');
        }
        return $job;
    }

    private function checkForm(Request $request): void
    {
        $forms = [
            'key' => '/^[0-9a-f]{16}$/D',
            'time' => '/^[0-9]{1,12}$/D',
            'nonce' => '/^[0-9a-f]{32}$/D',
            'signature' => '/^[0-9a-f]{64}$/D',
        ];
        foreach ($forms as $name => $form) {
            if (!preg_match($form, $request->header($name))) {
                throw new Refused('malformed ' . $name, Refused::NOBODY);
            }
        }
        if (strlen($request->body()) > Request::MAX_BODY_BYTES) {
            throw new Refused('body too large', Refused::NOBODY);
        }
    }

    private function checkTimes(Request $request, Job $job, int $now): void
    {
        if ($job->expiresAt() <= $now) {
            throw new Refused('job expired');
        }
        if ($job->expiresAt() > $now + self::MAX_JOB_SECONDS) {
            throw new Refused('job too long');
        }
        if (abs((int) $request->header('time') - $now) > self::CLOCK_SKEW_SECONDS) {
            throw new Refused('clock skew');
        }
    }

    private function checkSignature(Request $request, Job $job): void
    {
        $expected = Signature::sign(
            $job->key(),
            $request->method(),
            $request->endpoint(),
            $request->query(),
            $request->body(),
            $request->header('time'),
            $request->nonce()
        );
        if (!hash_equals($expected, $request->header('signature'))) {
            throw new Refused('wrong signature');
        }
    }
}
