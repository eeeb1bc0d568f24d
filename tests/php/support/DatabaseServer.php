<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

/**
 * A real server of its own, on a socket in a new folder: MariaDB or MySQL, whichever is installed, or the mysqld that
 * the environment's CLONEPOOL_MYSQLD names.
 */
final class DatabaseServer
{
    /** @var string */
    public $folder;
    /** @var resource */
    private $process;
    /** @var \mysqli */
    private $link;

    public function __construct()
    {
        $this->folder = sys_get_temp_dir() . '/cm-db-' . bin2hex(random_bytes(6));
        mkdir($this->folder . '/tmp', 0755, true);
        $program = $this->initialise();
        $command = array_merge([$program, '--no-defaults'], $this->options(), [
            '--socket=' . $this->socket(), '--skip-networking', '--pid-file=' . $this->folder . '/pid',
            '--max-allowed-packet=16M', '--innodb-flush-log-at-trx-commit=0', '--log-error=' . $this->folder . '/log',
        ]);
        $this->process = self::start($command);
        $this->connect();
    }

    public function socket(): string
    {
        return $this->folder . '/s';
    }

    /** @return int changed rows */
    public function execute(string $sql): int
    {
        if ($this->link->query($sql) === false) {
            throw new \RuntimeException($this->link->error . ' in ' . substr($sql, 0, 200));
        }
        return (int) $this->link->affected_rows;
    }

    /** @return list<list<?string>> */
    public function query(string $sql): array
    {
        $result = $this->link->query($sql);
        if (!$result instanceof \mysqli_result) {
            throw new \RuntimeException($this->link->error);
        }
        return $result->fetch_all(MYSQLI_NUM);
    }

    public function stop(): void
    {
        $this->link->close();
        proc_terminate($this->process);
        proc_close($this->process);
        exec('rm -rf ' . escapeshellarg($this->folder));
    }

    /** @return string the server program, with an empty data folder made */
    private function initialise(): string
    {
        $named = (string) getenv('CLONEPOOL_MYSQLD');
        $program = $named === '' ? self::find('mariadbd') : null;
        if ($program !== null) {
            $install = [self::find('mariadb-install-db'), '--no-defaults', '--auth-root-authentication-method=normal'];
            $this->run(array_merge($install, ['--skip-test-db'], $this->options()));
            return $program;
        }
        $program = $named === '' ? self::find('mysqld') : $named;
        if ($program === null) {
            throw new \RuntimeException('these tests need a server: apt-get install mariadb-{server,client}-core');
        }
        $this->run(array_merge([$program, '--no-defaults', '--initialize-insecure'], $this->options()));
        return $program;
    }

    /** @return list<string> */
    private function options(): array
    {
        // A server that starts sweeps its folder of temporary tables, other servers' included.
        $folders = ['--datadir=' . $this->folder . '/data', '--tmpdir=' . $this->folder . '/tmp'];
        return array_merge($folders, ['--user=' . posix_getpwuid(posix_geteuid())['name']]);
    }

    private function connect(): void
    {
        mysqli_report(MYSQLI_REPORT_OFF);
        for ($attempt = 0; $attempt < 600; $attempt++) {
            $link = @mysqli_connect('localhost', 'root', '', '', 0, $this->socket());
            if ($link instanceof \mysqli) {
                $this->link = $link;
                $link->set_charset('utf8mb4');
                $this->execute("SET SESSION sql_mode = ''");
                return;
            }
            usleep(100000);
        }
        throw new \RuntimeException('the server does not start: ' . file_get_contents($this->folder . '/log'));
    }

    private static function find(string $program): ?string
    {
        foreach (['/usr/sbin/', '/usr/bin/', '/usr/local/bin/'] as $folder) {
            if (is_executable($folder . $program)) {
                return $folder . $program;
            }
        }
        return null;
    }

    /**
     * @param list<string> $command
     * @return resource
     */
    private static function start(array $command, string $output = '/dev/null')
    {
        $into = ['file', $output, 'a'];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $into, $into], $pipes);
        if (!is_resource($process)) {
            throw new \RuntimeException('cannot start ' . $command[0]);
        }
        return $process;
    }

    /** @param list<string> $command */
    private function run(array $command): void
    {
        $output = $this->folder . '/output';
        $code = proc_close(self::start($command, $output));
        if ($code !== 0) {
            $told = substr((string) file_get_contents($output), -2000);
            throw new \RuntimeException(implode(' ', $command) . " ended with $code: $told");
        }
    }
}
