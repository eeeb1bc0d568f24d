<?php

declare(strict_types=1);

namespace CloneBackfill;

/** clone-agent, which has the key to the source; here nobody does. */
final class Agent
{
    public const SOCKET = '/run/clone/agent.sock';

    private const CONNECT_SECONDS = 2.0;
    private const ANSWER_SECONDS = 15;

    /** @var string */
    private $socket;

    public function __construct(string $socket = self::SOCKET)
    {
        $this->socket = $socket;
    }

    /** @return bool|null whether the source has the file, and it is here by now; null: cannot be said at present */
    public function fetch(string $name): ?bool
    {
        $stream = @stream_socket_client('unix://' . $this->socket, $number, $error, self::CONNECT_SECONDS);
        if ($stream === false) {
            return null;
        }
        stream_set_timeout($stream, self::ANSWER_SECONDS);
        fwrite($stream, json_encode(['command' => 'fetch', 'path' => $name]) . "\n");
        $answer = json_decode((string) fgets($stream, 65536), true);
        fclose($stream);
        $found = is_array($answer) ? ($answer['body']['found'] ?? null) : null;
        return is_bool($found) ? $found : null;
    }
}
