<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

use PhpParser\Lexer\Emulative;
use PhpParser\Node;
use PhpParser\NodeTraverser;
use PhpParser\NodeVisitorAbstract;
use PhpParser\ParserFactory;

/** Finds what PHP 7.4, the oldest that the plugin runs on, does not know. */
final class NewerSyntax extends NodeVisitorAbstract
{
    private const NODES = [
        Node\UnionType::class, Node\IntersectionType::class, Node\AttributeGroup::class, Node\Expr\Match_::class,
        Node\Expr\NullsafeMethodCall::class, Node\Expr\NullsafePropertyFetch::class, Node\Expr\Throw_::class,
        Node\Stmt\Enum_::class, Node\VariadicPlaceholder::class,
    ];
    private const FUNCTIONS = [
        'str_contains', 'str_starts_with', 'str_ends_with', 'get_debug_type', 'get_resource_id', 'fdiv',
        'preg_last_error_msg',
        'array_is_list', 'fsync', 'fdatasync', 'array_find', 'array_any', 'array_all', 'json_validate', 'mb_trim',
        'mysqli_execute_query', 'ini_parse_quantity', 'str_increment',
    ];
    private const TYPES = ['mixed', 'static', 'never', 'false', 'null', 'true'];

    /** @var list<string> */
    private $found = [];

    /** @return list<string> "what in line n" */
    public static function in(string $code): array
    {
        $visitor = new self();
        $parser = (new ParserFactory())->create(ParserFactory::ONLY_PHP7, new Emulative(['phpVersion' => '7.4']));
        $traverser = new NodeTraverser();
        $traverser->addVisitor($visitor);
        $traverser->traverse((array) $parser->parse($code));
        return array_merge($visitor->found, self::trailingCommas($code));
    }

    public function enterNode(Node $node)
    {
        $isNewer = in_array(get_class($node), self::NODES, true)
            || ($node instanceof Node\Param && ($node->flags !== 0 || self::isNewerType($node->type)))
            || ($node instanceof Node\Arg && $node->name !== null)
            || ($node instanceof Node\Stmt\Catch_ && $node->var === null)
            || ($node instanceof Node\FunctionLike && self::isNewerType($node->getReturnType()))
            || ($node instanceof Node\Stmt\Property && self::isNewerType($node->type))
            || ($node instanceof Node\Expr\ClassConstFetch && $node->class instanceof Node\Expr)
            || ($node instanceof Node\Expr\FuncCall && $node->name instanceof Node\Name
                && in_array($node->name->toLowerString(), self::FUNCTIONS, true));
        if ($isNewer) {
            $this->found[] = $node->getType() . ' in line ' . $node->getStartLine();
        }
        return null;
    }

    private static function isNewerType(?Node $type): bool
    {
        return ($type instanceof Node\Identifier || $type instanceof Node\Name)
            && in_array(strtolower($type->toString()), self::TYPES, true);
    }

    /** @return list<string> commas at the end of parameter lists (those of calls are old) */
    private static function trailingCommas(string $code): array
    {
        $code = (string) preg_replace('/\s+/', ' ', (string) preg_replace('/^\s*(\*|\/\/|\/\*).*$/m', '', $code));
        preg_match_all('/\b(?:function [\w]*|function|fn|use) ?\([^()]*, ?\)/', $code, $matches);
        return $matches[0];
    }
}
