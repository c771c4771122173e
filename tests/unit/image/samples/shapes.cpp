// C++ names: namespaces, overloads, templates, methods.
namespace shapes {

struct Square {
  int side;
  int area() const;
};

__attribute__((noinline)) int Square::area() const {
  return side * side;  // line: area
}

__attribute__((noinline)) int twice(int value) { return value * 2; }
__attribute__((noinline)) char twice(char value) { return static_cast<char>(value + value); }

template <class T>
__attribute__((noinline)) T largest(T a, T b) {
  return a < b ? b : a;  // line: largest
}

}  // namespace shapes

volatile int result;

int main() {
  shapes::Square square{3};
  result = square.area() + shapes::twice(2) + shapes::twice('b');
  result = shapes::largest(1, 2) + shapes::largest<char>('a', 'b');
  for (;;) result = result + 1;
}

extern "C" __attribute__((section(".start"), used)) void _start() { main(); }
