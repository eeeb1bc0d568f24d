<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

use CustomMigrator\Auth\Signature;

/** A real WordPress with the plugin, on a database server of the tests and PHP's own web server. */
final class WordPress
{
    public const ADMIN = 'admin';
    public const PASSWORD = 'of the tests';
    public const PLUGIN = 'custom-migrator/custom-migrator.php';

    /** @var string the document root */
    public $folder;
    /** @var string where WordPress itself lies */
    public $core;
    /** @var string wp-content, or what stands for it */
    public $content;
    /** @var string */
    public $url;
    /** @var string "cm1_..." */
    public $key = '';
    /** @var DatabaseServer */
    private $server;
    /** @var int */
    private $port;
    /** @var resource|null */
    private $process;

    /** @param bool $moved core in a folder of its own and the content beside it, as Bedrock has it */
    public function __construct(DatabaseServer $server, bool $moved = false)
    {
        $this->server = $server;
        $this->port = self::freePort();
        $this->url = 'http://127.0.0.1:' . $this->port;
        $this->folder = sys_get_temp_dir() . '/cm-wp-' . bin2hex(random_bytes(6));
        $this->core = $this->folder . ($moved ? '/wp' : '');
        $this->content = $this->folder . ($moved ? '/app' : '/wp-content');
        $this->copy($moved);
        $this->server->execute('CREATE DATABASE ' . $this->database());
        $this->configure();
        $this->install();
    }

    public function database(): string
    {
        return str_replace('-', '_', basename($this->folder));
    }

    /**
     * Writes wp-config.php.
     *
     * @param string $code   PHP that it runs before WordPress
     * @param string $before bytes in front of the opening tag
     */
    public function configure(string $code = '', string $before = ''): void
    {
        $constants = ['DB_NAME' => $this->database(), 'DB_USER' => 'root', 'DB_PASSWORD' => '',
            'DB_HOST' => 'localhost:' . $this->server->socket(), 'DB_CHARSET' => 'utf8mb4', 'DB_COLLATE' => '',
            'WP_HOME' => $this->url, 'WP_SITEURL' => $this->url . substr($this->core, strlen($this->folder)),
            'DISABLE_WP_CRON' => true, 'WP_HTTP_BLOCK_EXTERNAL' => true, 'AUTOMATIC_UPDATER_DISABLED' => true,
            'WP_DEFAULT_THEME' => 'plain'];
        if ($this->core !== $this->folder) {
            $constants += ['WP_CONTENT_DIR' => $this->content, 'WP_CONTENT_URL' => $this->url . '/app'];
        }
        foreach ($constants as $name => $value) {
            $code .= "defined('$name') || define('$name', " . var_export($value, true) . ");\n";
        }
        $abspath = var_export($this->core . '/', true);
        file_put_contents($this->folder . '/wp-config.php', $before . "<?php\n$code"
            . "\$table_prefix = \$table_prefix ?? 'wp_';\n"
            . "defined('ABSPATH') || define('ABSPATH', $abspath);\nrequire_once ABSPATH . 'wp-settings.php';\n");
    }

    /** @param string $code of a must-use plugin, which runs before all others; '' takes it away */
    public function mustUse(string $code): void
    {
        @mkdir($this->content . '/mu-plugins');
        $file = $this->content . '/mu-plugins/aaa.php';
        $code === '' ? @unlink($file) : file_put_contents($file, "<?php\n" . $code);
    }

    /** @param array<string, string> $ini settings of PHP */
    public function start(array $ini = []): void
    {
        $this->stop();
        $command = [PHP_BINARY];
        $ini += ['opcache.enable_cli' => '1', 'opcache.revalidate_freq' => '0'];
        $ini += ['log_errors' => '1', 'error_log' => $this->log()];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        array_push($command, '-S', '127.0.0.1:' . $this->port, '-t', $this->folder);
        if (is_file($this->router())) {
            $command[] = $this->router();
        }
        $null = ['file', '/dev/null', 'w'];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $null, $null], $pipes, $this->folder);
        $this->process = is_resource($process) ? $process : null;
        for ($attempt = 0; $attempt < 200 && !@fsockopen('127.0.0.1', $this->port); $attempt++) {
            usleep(20000);
        }
    }

    /** @return string the file of PHP's errors */
    public function log(): string
    {
        return $this->folder . '.log';
    }

    /** @return string a program that may answer instead of a file; there is none at first */
    public function router(): string
    {
        return $this->folder . '.router.php';
    }

    public function stop(): void
    {
        if ($this->process !== null) {
            proc_terminate($this->process);
            proc_close($this->process);
            $this->process = null;
        }
    }

    public function remove(): void
    {
        $this->stop();
        exec('rm -rf ' . implode(' ', array_map('escapeshellarg', [$this->folder, $this->log(), $this->router()])));
    }

    /** Runs PHP code within WordPress; what it prints. */
    public function run(string $code): string
    {
        $file = $this->folder . '/run-' . bin2hex(random_bytes(4)) . '.php';
        $load = $this->core . '/wp-load.php';
        file_put_contents($file, "<?php\n\$_SERVER += ['HTTP_HOST' => '127.0.0.1:{$this->port}',
            'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];\n$code");
        $command = [PHP_BINARY, '-d', 'display_errors=stderr', $file, $load];
        exec(implode(' ', array_map('escapeshellarg', $command)) . ' 2>&1', $lines, $code);
        unlink($file);
        if ($code !== 0) {
            throw new \RuntimeException(implode("\n", $lines));
        }
        return implode("\n", $lines);
    }

    /** @return mixed the answer of the plugin's command line */
    public function cli(string ...$arguments)
    {
        $command = array_merge([PHP_BINARY, $this->content . '/plugins/custom-migrator/cli.php'], $arguments);
        $root = 'WP_ROOT=' . escapeshellarg($this->core) . ' ';
        exec($root . implode(' ', array_map('escapeshellarg', $command)), $lines);
        return json_decode(implode('', $lines), true);
    }

    /**
     * @param array<string, string> $change of the headers, after signing
     * @return array<string, string> headers of a signed request
     */
    public function signed(string $endpoint, string $body, array $change = [], ?string $job = null): array
    {
        [, $id, $secret] = explode('_', $this->key, 3);
        $job = $job ?? 'acme.7.' . (time() + 3600);
        $nonce = $change['X-CM-Nonce'] ?? bin2hex(random_bytes(16));
        $time = $change['X-CM-Time'] ?? (string) time();
        $signature = Signature::sign($this->jobKey($job), 'POST', $endpoint, '', $body, $time, $nonce);
        return $change + ['Content-Type' => 'application/json', 'Accept-Encoding' => 'identity', 'X-CM-Key' => $id,
            'X-CM-Job' => $job, 'X-CM-Time' => $time, 'X-CM-Nonce' => $nonce, 'X-CM-Signature' => $signature];
    }

    public function jobKey(string $job): string
    {
        [, $id, $secret] = explode('_', $this->key, 3);
        return Signature::jobKey($secret, $id, ...explode('.', $job));
    }

    public static function address(string $endpoint, string $spelling = 'rest'): string
    {
        $route = '/custom-migrator/v1/' . $endpoint;
        return ['rest' => '/wp-json' . $route, 'plain' => '/?rest_route=' . $route,
            'query' => '/?custom_migrator=' . $endpoint][$spelling];
    }

    /**
     * @param array<string, string>      $headers
     * @param array<string, string>|null $cookies kept between requests
     * @return array{status: int, headers: array<string, string>, body: string}
     */
    public function request(
        string $method,
        string $path,
        string $body = '',
        array $headers = [],
        ?array &$cookies = null
    ): array {
        return Http::request($this->url . $path, $method, $body, $headers, $cookies);
    }

    /**
     * @param array<string, mixed>  $params
     * @param array<string, string> $headers
     */
    public function ask(
        string $endpoint,
        array $params = [],
        string $spelling = 'rest',
        array $headers = []
    ): AnswerReader {
        $body = (string) json_encode((object) $params);
        $signed = $this->signed($endpoint, $body, $headers);
        $answer = $this->request('POST', self::address($endpoint, $spelling), $body, $signed);
        $at = strpos(substr($answer['body'], 0, 65536), "\x89CMA1\r\n\x1a\n");
        if ($answer['status'] !== 200 || $at === false) {
            throw new \RuntimeException($answer['status'] . ' ' . substr($answer['body'], 0, 2000));
        }
        $key = $this->jobKey($signed['X-CM-Job']);
        return new AnswerReader(substr($answer['body'], $at), $key, $signed['X-CM-Nonce'], $endpoint);
    }

    /**
     * Asks until complete; every answer must be genuine and without an error.
     *
     * @param array<string, mixed> $params
     * @return list<AnswerReader>
     */
    public function all(string $endpoint, array $params): array
    {
        $answers = [];
        do {
            $answer = $this->ask($endpoint, $params);
            if (!$answer->genuine || $answer->end === null || isset($answer->end['error'])) {
                throw new \RuntimeException((string) json_encode($answer->end));
            }
            $answers[] = $answer;
            $params['cursor'] = $answer->end['cursor'];
        } while (!$answer->end['complete']);
        return $answers;
    }

    /** @return array<string, string> cookies */
    public function login(string $user, string $password): array
    {
        $cookies = ['wordpress_test_cookie' => 'WP Cookie check'];
        $fields = http_build_query(['log' => $user, 'pwd' => $password, 'testcookie' => '1']);
        $headers = ['Content-Type' => 'application/x-www-form-urlencoded'];
        $this->request('POST', '/wp-login.php', $fields, $headers, $cookies);
        return $cookies;
    }

    private function copy(bool $moved): void
    {
        $cache = getenv('CLONEPOOL_CACHE') ?: (getenv('XDG_CACHE_HOME') ?: getenv('HOME') . '/.cache') . '/clonepool';
        $from = $cache . '/tools/wordpress';
        if (!is_file($from . '/wp-load.php')) {
            throw new \RuntimeException("these tests need a WordPress in $from: run make setup-checks");
        }
        mkdir($this->folder);
        exec('cp -r --no-dereference --preserve=mode,links ' . escapeshellarg($from) . ' '
            . escapeshellarg($this->core === $this->folder ? $this->folder . '/new' : $this->core));
        if (!$moved) {
            exec('mv ' . escapeshellarg($this->folder) . '/new/* ' . escapeshellarg($this->folder));
        } else {
            exec('cp -r ' . escapeshellarg($this->core . '/wp-content') . ' ' . escapeshellarg($this->content));
            $index = "<?php\ndefine('WP_USE_THEMES', true);\nrequire __DIR__ . '/wp/wp-blog-header.php';\n";
            file_put_contents($this->folder . '/index.php', $index);
        }
        @unlink($this->core . '/wp-config.php');
        $theme = $this->content . '/themes/plain';
        @mkdir($theme, 0755, true);
        file_put_contents($theme . '/style.css', "/*\nTheme Name: Plain\n*/\n");
        $page = "<?php\necho '<title>', is_404() ? 'Page not found' : 'Page', '</title>';\n";
        file_put_contents($theme . '/index.php', $page);
        $plugin = dirname(__DIR__, 3) . '/docker/wordpress-clone/custom-migrator';
        @mkdir($this->content . '/plugins', 0755, true);
        exec('cp -r ' . escapeshellarg($plugin) . ' ' . escapeshellarg($this->content . '/plugins/'));
    }

    private function install(): void
    {
        $this->run("define('WP_INSTALLING', true);\nrequire \$argv[1];\n"
            . "require ABSPATH . 'wp-admin/includes/upgrade.php';\n"
            . "function wp_new_blog_notification() {}\n"
            . 'wp_install("Test site", ' . var_export(self::ADMIN, true) . ', "admin@example.com", true, "", '
            . var_export(self::PASSWORD, true) . ");\n"
            . 'update_option("active_plugins", ["' . self::PLUGIN . "\"]);\n"
            . "update_option('permalink_structure', '/%postname%/');\n");
    }

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $name = (string) stream_socket_get_name($socket, false);
        fclose($socket);
        return (int) substr($name, (int) strrpos($name, ':') + 1);
    }
}
