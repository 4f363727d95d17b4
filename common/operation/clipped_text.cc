#include "common/operation/clipped_text.h"

#include <google/protobuf/descriptor.h>

#include <vector>

#include "common/text/utf8.h"

namespace berth::operation {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

}  // namespace

std::string ClippedText(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  std::size_t cut = 0;  // where an ellipsis still fits
  while (!text.empty()) {
    const std::size_t size = Utf8Length(text);
    const std::string_view next = size == 0 ? kReplacement : text.substr(0, size);
    if (clean.size() + next.size() > max_bytes) {
      clean.resize(cut);
      if (cut + kEllipsis.size() <= max_bytes) clean += kEllipsis;
      break;
    }
    clean += next;
    if (clean.size() + kEllipsis.size() <= max_bytes) cut = clean.size();
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return clean;
}

void ClipTexts(google::protobuf::Message& message, std::size_t max_bytes) {
  using Field = google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const Field*> fields;
  reflection.ListFields(message, &fields);
  for (const Field* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count && !field->is_map(); ++i) {
      if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
        ClipTexts(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                       : *reflection.MutableMessage(&message, field),
                  max_bytes);
      } else if (field->type() == Field::TYPE_STRING && field->is_repeated()) {
        reflection.SetRepeatedString(
            &message, field, i,
            ClippedText(reflection.GetRepeatedString(message, field, i), max_bytes));
      } else if (field->type() == Field::TYPE_STRING) {
        reflection.SetString(&message, field,
                             ClippedText(reflection.GetString(message, field), max_bytes));
      }
    }
  }
}

}  // namespace berth::operation
