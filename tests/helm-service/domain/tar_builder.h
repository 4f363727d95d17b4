#pragma once

#include <zlib.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace berth::helm {

/// Makes archives, also such as no sane program would.
class TarBuilder {
 public:
  TarBuilder& File(const std::string& name, const std::string& content) {
    return Entry(name, '0', content);
  }

  TarBuilder& Entry(const std::string& name, char type, const std::string& content,
                    const std::string& link = "") {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(100, 7, "0000644");
    std::snprintf(&header[124], 12, "%011zo", content.size());
    header[156] = type;
    header.replace(157, link.size(), link);
    header.replace(257, 5, "ustar");
    header.replace(263, 2, "00");
    header.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(&header[148], 8, "%06o", sum);
    tar_ += header + content;
    tar_.append((512 - content.size() % 512) % 512, '\0');
    return *this;
  }

  /// A pax header with one record for the next entry.
  TarBuilder& Pax(const std::string& key, const std::string& value) {
    const std::string rest = " " + key + "=" + value + "\n";
    std::string record = std::to_string(rest.size() + 2) + rest;
    if (record.size() != rest.size() + 2) record = std::to_string(rest.size() + 3) + rest;
    return Entry("pax", 'x', record);
  }

  std::string Gzip() const { return Gzip(tar_ + std::string(1024, '\0')); }

  static std::string Gzip(const std::string& bytes) {
    z_stream stream{};
    ::deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    std::string packed(::deflateBound(&stream, bytes.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    return packed;
  }

 private:
  std::string tar_;
};

}  // namespace berth::helm
