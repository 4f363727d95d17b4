#include "helm-service/domain/yaml_writer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string_view>

#include "helm-service/domain/values.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kIndent = 2;
// Parsers look no further than 1,024 characters for the colon behind a key.
constexpr std::size_t kLongestSimpleKey = 1000;

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Words that YAML 1.1 does not read as text.
bool IsKeyword(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"y",   "n",    "yes",   "no",  "on",
                                                      "off", "true", "false", "null"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// Whether the text may stand without quotes, as a value or a key. Rather too strict than too lax.
bool IsPlain(std::string_view text) {
  if (text.empty() || text.back() == ' ' || text.back() == ':' || IsKeyword(text)) return false;
  if (std::isalpha(static_cast<unsigned char>(text[0])) == 0 && text[0] != '/') return false;
  if (text.find(": ") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    constexpr std::string_view kHarmless = " _-./@+=:";
    return IsAlphanumeric(c) || kHarmless.find(c) != std::string_view::npos;
  });
}

// Whether the text can stand as a block: several lines, of which the first tells the indentation,
// and nothing that only an escape can write.
bool IsBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\n' || c == '\t' || (byte >= 0x20 && byte < 0x7F);
  });
}

class Writer {
 public:
  std::string Take() && { return std::move(text_); }

  // A value that begins on the line of its key or dash, and ends the line.
  void WriteInline(const Json& value, std::size_t indent) {
    if (value.is_string() && IsBlock(value.get_ref<const std::string&>())) {
      return WriteBlock(value.get_ref<const std::string&>(), indent);
    }
    text_ += Scalar(value);
    text_ += '\n';
  }

  // The entries of a mapping. `first_is_indented`: the line of the first one has begun already.
  void WriteMapping(const Json& mapping, std::size_t indent, bool first_is_indented) {
    for (const auto& [key, value] : mapping.items()) {
      if (!first_is_indented) Indent(indent);
      first_is_indented = false;
      WriteKey(key, indent);
      WriteAfterKey(value, indent);
    }
  }

  void WriteSequence(const Json& sequence, std::size_t indent, bool first_is_indented) {
    for (const Json& element : sequence) {
      if (!first_is_indented) Indent(indent);
      first_is_indented = false;
      text_ += "- ";
      if (element.is_object() && !element.empty()) {
        WriteMapping(element, indent + kIndent, /*first_is_indented=*/true);
      } else if (element.is_array() && !element.empty()) {
        WriteSequence(element, indent + kIndent, /*first_is_indented=*/true);
      } else {
        WriteInline(element, indent + kIndent);
      }
    }
  }

 private:
  void WriteKey(const std::string& key, std::size_t indent) {
    const std::string written = IsPlain(key) ? key : WriteValues(Json(key));
    if (written.size() > kLongestSimpleKey) {
      text_ += "? " + written + '\n';
      Indent(indent);
    } else {
      text_ += written;
    }
    text_ += ':';
  }

  void Indent(std::size_t columns) { text_.append(columns, ' '); }

  void WriteAfterKey(const Json& value, std::size_t indent) {
    if (value.is_object() && !value.empty()) {
      text_ += '\n';
      WriteMapping(value, indent + kIndent, /*first_is_indented=*/false);
    } else if (value.is_array() && !value.empty()) {
      text_ += '\n';
      WriteSequence(value, indent, /*first_is_indented=*/false);
    } else {
      text_ += ' ';
      WriteInline(value, indent + kIndent);
    }
  }

  void WriteBlock(std::string_view text, std::size_t indent) {
    const bool ends_line = text.back() == '\n';
    const bool ends_empty = ends_line && text[text.size() - 2] == '\n';
    text_ += !ends_line ? "|-\n" : ends_empty ? "|+\n" : "|\n";
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (end > 0) Indent(indent);
      text_ += text.substr(0, end);
      text_ += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  // Anything that fits on a line; structures only if they are empty.
  static std::string Scalar(const Json& value) {
    if (value.is_string() && IsPlain(value.get_ref<const std::string&>())) {
      return value.get<std::string>();
    }
    return WriteValues(value);
  }

  std::string text_;
};

}  // namespace

std::string WriteYaml(const Json& value) {
  Writer writer;
  if (value.is_object() && !value.empty()) {
    writer.WriteMapping(value, 0, /*first_is_indented=*/false);
  } else if (value.is_array() && !value.empty()) {
    writer.WriteSequence(value, 0, /*first_is_indented=*/false);
  } else {
    writer.WriteInline(value, kIndent);
  }
  return std::move(writer).Take();
}

}  // namespace berth::helm
