"""The words of C: what each meaning is there, and the functions of Python that C lacks."""

MOD = """static double py_mod(double a, double b) {
  double r = fmod(a, b);
  if (r == 0.0) return copysign(0.0, b);
  return (r < 0.0) != (b < 0.0) ? r + b : r;
}"""
FLOORDIV = """static double py_floordiv(double a, double b) {
  if (b == 0.0) return a / b;
  double r = fmod(a, b), q = (a - r) / b;
  if (r != 0.0 && (r < 0.0) != (b < 0.0)) q -= 1.0;
  if (q == 0.0) return copysign(0.0, a / b);
  double whole = floor(q);
  return q - whole > 0.5 ? whole + 1.0 : whole;
}"""
# By decimal digits, which the standard library has right.
ROUND = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static double py_round(double x, double digits) {
  char text[800], head[400];
  if (!isfinite(x) || digits > 400.0) return x;
  if (digits < -400.0) return copysign(0.0, x);
  if (digits == 0.0) return rint(x);
  if (digits > 0.0) {
    snprintf(text, sizeof text, "%.*f", (int)digits, x);
    return strtod(text, NULL);
  }
  double whole = trunc(fabs(x));
  int cut = (int)-digits, length = snprintf(text, sizeof text, "%.0f", whole);
  if (length < cut) return copysign(0.0, x);
  int kept = length - cut, up = text[kept] > '5' || (text[kept] == '5' && fabs(x) > whole);
  if (text[kept] == '5' && !up)
    up = strspn(text + kept + 1, "0") < strlen(text + kept + 1)
         || (kept > 0 && (text[kept - 1] - '0') % 2 == 1);
  head[0] = '0';
  memcpy(head + 1, text, (size_t)kept);
  for (int i = kept; up; i--) {
    up = head[i] == '9';
    head[i] = up ? '0' : (char)(head[i] + 1);
  }
  snprintf(head + kept + 1, sizeof head - (size_t)kept - 1, "e%d", cut);
  return copysign(strtod(head, NULL), x);
}"""
SAME = """exp exp2 expm1 log log1p log2 log10 sqrt cbrt sin cos tan asin acos atan sinh cosh tanh
atan2 asinh acosh atanh erf erfc hypot fmod remainder copysign floor ceil trunc rint""".split()
INFIX = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "eq": "==", "ne": "!=", "and": "&&", "or": "||",
}  # fmt: skip
WORDS = {
    **{word: f"({{0}} {sign} {{1}})" for word, sign in INFIX.items()},
    **{word: f"{word}({{0}})" for word in SAME},
    **{w: f"{w}({{0}}, {{1}})" for w in "pow atan2 hypot fmod remainder copysign".split()},
    "op:fma": "fma({0}, {1}, {2})",
    "op:remainder": "remainder({0}, {1})",
    "neg": "(-{0})",
    "not": "(!{0})",
    "abs": "fabs({0})",
    "select": "({0} ? {1} : {2})",
    "ldexp": "ldexp({0}, (int)({1}))",
    "min": "static double py_min(double a, double b) { return b < a ? b : a; }\npy_min({0}, {1})",
    "max": "static double py_max(double a, double b) { return b > a ? b : a; }\npy_max({0}, {1})",
    "mod": f"{MOD}\npy_mod({{0}}, {{1}})",
    "floordiv": f"{FLOORDIV}\npy_floordiv({{0}}, {{1}})",
    "round": f"{ROUND}\npy_round({{0}}, {{1}})",
}
