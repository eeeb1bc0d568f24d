<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

/** One request, without following or decoding anything. */
final class Http
{
    /**
     * @param array<string, string>      $headers
     * @param array<string, string>|null $cookies kept between requests
     * @return array{status: int, headers: array<string, string>, body: string}
     */
    public static function request(
        string $url,
        string $method,
        string $body,
        array $headers,
        ?array &$cookies
    ): array {
        $curl = curl_init($url);
        $lines = [];
        foreach ($headers as $name => $value) {
            $lines[] = "$name: $value";
        }
        $got = [];
        $set = [];
        curl_setopt_array($curl, [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true,
            CURLOPT_HTTPHEADER => $lines, CURLOPT_TIMEOUT => 60,
            CURLOPT_COOKIE => http_build_query($cookies ?? [], '', '; '),
            CURLOPT_HEADERFUNCTION => static function ($curl, string $line) use (&$got, &$set): int {
                $pair = explode(':', $line, 2) + [1 => ''];
                $got[strtolower($pair[0])] = trim($pair[1]);
                if (preg_match('/^Set-Cookie: ([^=]+)=([^;]*)/i', $line, $match)) {
                    $set[$match[1]] = urldecode($match[2]);
                }
                return strlen($line);
            }]);
        if ($body !== '') {
            curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
        }
        $answer = (string) curl_exec($curl);
        if ($cookies !== null) {
            $cookies = $set + $cookies;
        }
        return ['status' => (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE), 'headers' => $got, 'body' => $answer];
    }
}
