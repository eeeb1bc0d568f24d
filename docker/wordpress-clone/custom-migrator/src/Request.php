<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Auth\Signature;

/** A request that carries our signature header. What it says is not believed before Authenticator has seen it. */
final class Request
{
    /** Larger bodies are cut here and then fail their signature. */
    public const MAX_BODY_BYTES = 1048576;

    private const ROUTE = '#/custom-migrator/v1/([a-z-]{1,20})/?$#';

    /** @var string */
    private $method;
    /** @var string */
    private $endpoint;
    /** @var bool */
    private $rest;
    /** @var string */
    private $query;
    /** @var string */
    private $body;
    /** @var array<string, string> by lower-case name without "x-cm-" */
    private $headers;
    /** @var string */
    private $address;

    /** @param array<string, string> $headers key, job, time, nonce, signature */
    public function __construct(
        string $method,
        string $endpoint,
        bool $rest,
        string $query,
        string $body,
        array $headers,
        string $address = ''
    ) {
        $this->method = $method;
        $this->endpoint = $endpoint;
        $this->rest = $rest;
        $this->query = $query;
        $this->body = $body;
        $this->headers = $headers;
        $this->address = $address;
    }

    /**
     * @param array<string, mixed> $server
     * @param array<string, mixed> $get
     * @return self|null null: none of our business
     */
    public static function fromGlobals(array $server, array $get): ?self
    {
        if (!isset($server['HTTP_X_CM_SIGNATURE']) || ($server['REQUEST_METHOD'] ?? '') !== 'POST') {
            return null;
        }
        [$endpoint, $rest] = self::route((string) ($server['REQUEST_URI'] ?? ''), $get);
        if ($endpoint === null) {
            return null;
        }
        $headers = [];
        foreach (['key', 'job', 'time', 'nonce', 'signature'] as $name) {
            $headers[$name] = (string) ($server['HTTP_X_CM_' . strtoupper($name)] ?? '');
        }
        $query = Signature::canonicalQuery((string) ($server['QUERY_STRING'] ?? ''));
        $body = (string) file_get_contents('php://input', false, null, 0, self::MAX_BODY_BYTES + 1);
        return new self('POST', $endpoint, $rest, $query, $body, $headers, (string) ($server['REMOTE_ADDR'] ?? ''));
    }

    /**
     * @param array<string, mixed> $get
     * @return array{0: ?string, 1: bool} endpoint, and whether it was asked for by REST
     */
    private static function route(string $uri, array $get): array
    {
        $parameter = $get['custom_migrator'] ?? null;
        if (is_string($parameter) && preg_match('/^[a-z-]{1,20}$/D', $parameter)) {
            return [$parameter, false];
        }
        $route = $get['rest_route'] ?? (string) parse_url($uri, PHP_URL_PATH);
        if (is_string($route) && preg_match(self::ROUTE, $route, $match)) {
            return [$match[1], true];
        }
        return [null, false];
    }

    public function method(): string
    {
        return $this->method;
    }

    public function endpoint(): string
    {
        return $this->endpoint;
    }

    public function isRest(): bool
    {
        return $this->rest;
    }

    public function query(): string
    {
        return $this->query;
    }

    public function body(): string
    {
        return $this->body;
    }

    public function header(string $name): string
    {
        return $this->headers[$name] ?? '';
    }

    public function nonce(): string
    {
        return $this->header('nonce');
    }

    public function address(): string
    {
        return $this->address;
    }
}
