// Where an address is: rows of the database's table `geoip`, the longest prefix wins.
#include "geo_table.h"

#include <cstdlib>

#include "text.h"

namespace hub {

std::optional<GeoPlace> GeoTable::Find(const std::string& ip) {
  const Rows found = database_->Run(
      "SELECT ip_prefix, country_code, country, city, asn, region, continent, time_zone,"
      " postal_code, latitude, longitude, metro_code, area_code FROM geoip"
      " WHERE substr(?1, 1, length(ip_prefix)) = ip_prefix ORDER BY length(ip_prefix) DESC LIMIT 1",
      {ip});
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows.front();
  const auto text = [&](int column) { return row[column].value_or(""); };
  GeoPlace place{text(0), text(1), text(2), text(3), text(4), text(5), text(6), text(7), text(8)};
  place.latitude = std::atof(text(9).c_str());
  place.longitude = std::atof(text(10).c_str());
  place.metro_code = ParseNumber(text(11)).value_or(0);
  place.area_code = ParseNumber(text(12)).value_or(0);
  return place;
}

}  // namespace hub
