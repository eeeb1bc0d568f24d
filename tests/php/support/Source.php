<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

use CustomMigrator\Dispatcher;
use CustomMigrator\Request;
use CustomMigrator\Site;
use CustomMigrator\Wire\Answer;

/** A source site without WordPress and HTTP: requests go straight to the dispatcher. */
final class Source
{
    public const JOB_KEY = '0123456789abcdef0123456789abcdef';
    public const NONCE = '000102030405060708090a0b0c0d0e0f';

    /** @var Site */
    private $site;

    public function __construct(Site $site)
    {
        $this->site = $site;
    }

    /** @param array<string, mixed> $params */
    public function raw(string $endpoint, array $params): string
    {
        return $this->rawBody($endpoint, (string) json_encode((object) $params));
    }

    public function rawBody(string $endpoint, string $body): string
    {
        $bytes = '';
        $answer = new Answer(self::JOB_KEY, self::NONCE, $endpoint, static function (string $part) use (&$bytes): void {
            $bytes .= $part;
        });
        $request = new Request('POST', $endpoint, true, '', $body, []);
        (new Dispatcher(function (): Site {
            return $this->site;
        }))->run($request, $answer);
        return $bytes;
    }

    /** @param array<string, mixed> $params */
    public function ask(string $endpoint, array $params = []): AnswerReader
    {
        return self::read($this->raw($endpoint, $params), $endpoint);
    }

    public static function read(string $bytes, string $endpoint): AnswerReader
    {
        return new AnswerReader($bytes, self::JOB_KEY, self::NONCE, $endpoint);
    }

    /**
     * Asks until complete.
     *
     * @param array<string, mixed> $params
     * @return array{0: list<string>, 1: int} data frames and requests
     */
    public function all(string $endpoint, array $params): array
    {
        $data = [];
        for ($requests = 1;; $requests++) {
            $answer = $this->ask($endpoint, $params);
            $data = array_merge($data, $answer->data);
            if ($answer->end === null || isset($answer->end['error'])) {
                throw new \RuntimeException((string) json_encode($answer->end));
            }
            if ($answer->end['complete']) {
                return [$data, $requests];
            }
            $params['cursor'] = $answer->end['cursor'];
        }
    }

    /** @return list<list<string|null|array<string, mixed>>> */
    public function rows(string $table): array
    {
        $columns = count($this->ask('rows', ['table' => $table])->documents[0]['columns']);
        return AnswerReader::rows($this->all('rows', ['table' => $table])[0], $columns);
    }
}
