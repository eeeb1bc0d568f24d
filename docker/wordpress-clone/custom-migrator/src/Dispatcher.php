<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Database\Connection;
use CustomMigrator\Database\DatabaseError;
use CustomMigrator\Database\Schema;
use CustomMigrator\Endpoint\Cells;
use CustomMigrator\Endpoint\Files;
use CustomMigrator\Endpoint\Preflight;
use CustomMigrator\Endpoint\Rows;
use CustomMigrator\Endpoint\Tables;
use CustomMigrator\Wire\Answer;

/** Runs an authenticated request and ends its answer, whatever happens. */
final class Dispatcher
{
    /** @var callable(): Site */
    private $site;

    /** @param callable(): Site $site */
    public function __construct(callable $site)
    {
        $this->site = $site;
    }

    public function run(Request $request, Answer $answer): void
    {
        try {
            $params = Params::parse($request->body());
            $end = $this->call($request->endpoint(), $params, $answer);
        } catch (ExportError $error) {
            $end = self::failure($error->errorCode(), $error->getMessage());
        } catch (DatabaseError $error) {
            $end = self::failure('database_error', $error->getMessage());
        } catch (\Throwable $error) {
            Output::report((string) $error);
            $end = self::failure('internal', get_class($error) . ': ' . $error->getMessage());
        }
        $answer->end($end);
    }

    /** @return array<string, mixed> */
    private function call(string $endpoint, Params $params, Answer $answer): array
    {
        $budget = Budget::of($params, microtime(true));
        $site = ($this->site)();
        switch ($endpoint) {
            case 'preflight':
                return (new Preflight($site, self::schema($site, $params)))->run($params, $answer);
            case 'tables':
                return (new Tables(self::schema($site, $params)))->run($params, $answer, $budget);
            case 'rows':
                return $this->rows($site, $params, $answer, $budget);
            case 'files':
                return (new Files($site))->run($params, $answer, $budget);
        }
        throw new ExportError('unknown_endpoint', 'there is preflight, tables, rows and files');
    }

    /** @return array<string, mixed> */
    private function rows(Site $site, Params $params, Answer $answer, Budget $budget): array
    {
        $schema = self::schema($site, $params);
        if ($params->has('tables')) {
            return Rows::ofEach($schema, $params->texts('tables', Rows::MOST_TABLES), $answer, $budget);
        }
        $table = $schema->table($params->text('table'));
        return $params->has('cell')
            ? (new Cells($schema->connection(), $table))->run($params, $answer, $budget)
            : (new Rows($schema->connection(), $table))->run($params, $answer, $budget);
    }

    private static function schema(Site $site, Params $params): Schema
    {
        return new Schema(Connection::open($site->database()), $site->scope($params->texts('include')));
    }

    /** @return array<string, mixed> */
    private static function failure(string $code, string $message): array
    {
        return ['complete' => false, 'cursor' => null, 'error' => ['code' => $code, 'message' => $message]];
    }
}
