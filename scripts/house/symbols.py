"""What the objects of the simulator and of the algorithms call at run time. A guard behind the
banned words: it sees through macros, templates and third-party headers."""
import pathlib
import re
import subprocess

# Whatever may influence an event; report and cli only look on.
PARTS = (r"ballast_sim\.dir/(Unity/unity_)?(base|protocol|kernel|fault|load|check|measure)[/_]"
         r"|ballast_algorithms\.dir/")

LIBM = ("log log2 log10 log1p exp exp2 expm1 pow sin cos sincos tan asin acos atan atan2 sinh cosh "
        "tanh asinh acosh atanh cbrt hypot lgamma tgamma erf erfc fma")
FORBIDDEN = [
    (rf"({LIBM.replace(' ', '|')})[fl]?", "libm differs between processors and libraries"),
    (r"s?rand(_r)?|s?random(_r)?|[dlm]rand48|getrandom|std::random_device::.*",
     "draw from a Stream"),
    (r"time|clock|gettimeofday|clock_gettime|localtime(_r)?|gmtime(_r)?|std::chrono::.*",
     "simulated time only"),
    (r"(secure_)?getenv|setlocale|std::locale::.*", "no environment and no locale"),
    (r"pthread_create|std::thread::.*|std::this_thread::.*", "one run is one thread"),
    # What gives a hash container away, in libstdc++ and libc++.
    (r".*_Prime_rehash_policy.*|.*__next_prime.*|std::_Hash_bytes.*", "no hash containers"),
]


def objects(build):
    found = sorted(str(path) for path in pathlib.Path(build).rglob("*.o"))
    return [path for path in found if re.search(PARTS, path)]


def findings(paths):
    """(object, symbol, why) for each forbidden symbol that one of the objects needs."""
    for path in paths:
        nm = subprocess.run(["nm", "-C", "-u", path], capture_output=True, text=True, check=True)
        for line in nm.stdout.splitlines():
            symbol = line.split(maxsplit=1)[-1].split("@")[0]
            for pattern, why in FORBIDDEN:
                if re.fullmatch(pattern, symbol):
                    yield path, symbol, why


# Each line must be seen in the object of a program that holds it; the rest keeps it from being
# optimised away.
PLANT = """
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>
#include <unordered_map>
double planted(double x, std::unordered_map<int, int>& seen) {
  seen[1] = std::rand();
  std::random_device dice;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  std::thread([] {}).join();
  return std::log(x) + std::pow(x, x) + static_cast<double>(dice() + now + time(nullptr)) +
         (std::getenv("HOME") != nullptr ? 1 : 0);
}
"""
PLANTED = ["log", "pow", "rand", "std::random_device::", "std::chrono::", "time", "getenv",
           "std::thread::", "_Prime_rehash_policy"]
