// Inside the image library: what a user types to find a name.
#pragma once
#include <string>
#include <string_view>

namespace virserver::image {

// Without `*` and `?` any name that has the text in it, in any case; else names that the pattern covers as a whole.
class Matcher {
 public:
  explicit Matcher(std::string_view text) {
    for (const char c : text) text_ += lower(c);
    pattern_ = text.find_first_of("*?") != text.npos;
  }

  bool operator()(std::string_view name) const { return pattern_ ? glob(name) : find(name) != name.npos; }
  bool starts(std::string_view name) const { return !pattern_ && !text_.empty() && find(name) == 0; }

 private:
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

  std::size_t find(std::string_view name) const {
    for (std::size_t start = 0; start + text_.size() <= name.size(); ++start) {
      std::size_t i = 0;
      while (i < text_.size() && lower(name[start + i]) == text_[i]) ++i;
      if (i == text_.size()) return start;
    }
    return name.npos;
  }

  // Goes back to the last `*` only, which is enough and keeps it quadratic.
  bool glob(std::string_view name) const {
    std::size_t n = 0, p = 0, star = text_.npos, resume = 0;
    while (n < name.size()) {
      if (p < text_.size() && text_[p] == '*') {
        star = p++;
        resume = n;
      } else if (p < text_.size() && (text_[p] == '?' || text_[p] == lower(name[n]))) {
        ++p;
        ++n;
      } else if (star != text_.npos) {
        p = star + 1;
        n = ++resume;
      } else {
        return false;
      }
    }
    while (p < text_.size() && text_[p] == '*') ++p;
    return p == text_.size();
  }

  std::string text_;
  bool pattern_ = false;
};

}  // namespace virserver::image
