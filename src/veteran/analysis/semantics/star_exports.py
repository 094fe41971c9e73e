"""What a star import of a module of the standard library brings, for those whose names say no more than that."""

from __future__ import annotations

_STARS = {
    "itertools": """
        accumulate chain combinations combinations_with_replacement compress count cycle dropwhile
        filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee
        zip_longest
    """,
    "math": """
        acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf
        erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose
        isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi
        pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp
    """,
    "random": """
        Random SystemRandom betavariate choice choices expovariate gammavariate gauss getrandbits
        getstate lognormvariate normalvariate paretovariate randbytes randint random randrange
        sample seed setstate shuffle triangular uniform vonmisesvariate weibullvariate
    """,
    "threading": """
        Barrier BoundedSemaphore BrokenBarrierError Condition Event ExceptHookArgs Lock RLock
        Semaphore TIMEOUT_MAX Thread ThreadError Timer active_count current_thread enumerate
        excepthook get_ident get_native_id getprofile gettrace local main_thread setprofile settrace
        stack_size
    """,
    "time": """
        CLOCK_BOOTTIME CLOCK_MONOTONIC CLOCK_MONOTONIC_RAW CLOCK_PROCESS_CPUTIME_ID CLOCK_REALTIME
        CLOCK_TAI CLOCK_THREAD_CPUTIME_ID altzone asctime clock_getres clock_gettime
        clock_gettime_ns clock_settime clock_settime_ns ctime daylight get_clock_info gmtime
        localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns process_time
        process_time_ns pthread_getcpuclockid sleep strftime strptime struct_time thread_time
        thread_time_ns time time_ns timezone tzname tzset
    """,
    "typing": """
        AbstractSet Annotated Any AnyStr AsyncContextManager AsyncGenerator AsyncIterable
        AsyncIterator Awaitable BinaryIO ByteString Callable ChainMap ClassVar Collection
        Concatenate Container ContextManager Coroutine Counter DefaultDict Deque Dict Final
        ForwardRef FrozenSet Generator Generic Hashable IO ItemsView Iterable Iterator KeysView List
        Literal LiteralString Mapping MappingView Match MutableMapping MutableSequence MutableSet
        NamedTuple Never NewType NoReturn NotRequired Optional OrderedDict ParamSpec ParamSpecArgs
        ParamSpecKwargs Pattern Protocol Required Reversible Self Sequence Set Sized SupportsAbs
        SupportsBytes SupportsComplex SupportsFloat SupportsIndex SupportsInt SupportsRound
        TYPE_CHECKING Text TextIO Tuple Type TypeAlias TypeGuard TypeVar TypeVarTuple TypedDict
        Union Unpack ValuesView assert_never assert_type cast clear_overloads dataclass_transform
        final get_args get_origin get_overloads get_type_hints is_typeddict no_type_check
        no_type_check_decorator overload reveal_type runtime_checkable
    """,
}
STARS = {module: frozenset(names.split()) for module, names in _STARS.items()}
