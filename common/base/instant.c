/* SPDX-License-Identifier: Apache-2.0
 *
 * The calendar, without the C library's: no locale, no time zone, no static memory. */
#include "common/base/instant.h"

#include <string.h>

#define DAY_SECONDS INT64_C(86400)

/* The years are counted from March, so that the leap day is the last of its year, and in eras of
 * 400 years, which all have the same number of days. */
#define ERA_YEARS     400
#define ERA_DAYS      146097
#define EPOCH_SHIFT   719468 /* days from 0000-03-01 to 1970-01-01 */
#define YEAR_OF_MARCH 3

struct date {
    int64_t year;
    int64_t month;
    int64_t day;
};

struct reader {
    const char *at;
    const char *end;
};

static int64_t days_of_date(struct date date)
{
    const int64_t year = date.month < YEAR_OF_MARCH ? date.year - 1 : date.year;
    const int64_t month = (date.month + 12 - YEAR_OF_MARCH) % 12;
    const int64_t era = (year + ERA_YEARS) / ERA_YEARS - 1; /* rounds down: year is at least -1 */
    const int64_t year_of_era = year - era * ERA_YEARS;
    const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

static struct date date_of_days(int64_t days)
{
    const int64_t shifted = days + EPOCH_SHIFT;
    ENSURE(shifted >= 0);
    const int64_t era = shifted / ERA_DAYS;
    const int64_t day_of_era = shifted % ERA_DAYS;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month = (5 * day_of_year + 2) / 153;
    const int64_t civil_month = month < 10 ? month + YEAR_OF_MARCH : month - 9;
    return (struct date){
        .year = era * ERA_YEARS + year_of_era + (civil_month < YEAR_OF_MARCH),
        .month = civil_month,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
}

static bool date_exists(struct date date)
{
    static const int8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.month < 1 || date.month > 12 || date.day < 1) {
        return false;
    }
    const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return date.day <= month_days[date.month - 1] + (date.month == 2 && leap);
}

static bool read_digits(struct reader *reader, uint32_t count, int64_t *number)
{
    int64_t value = 0;
    for (uint32_t i = 0; i < count; i++, reader->at++) {
        if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9') {
            return false;
        }
        value = value * 10 + (*reader->at - '0');
    }
    *number = value;
    return true;
}

/* One of the two characters; the same twice where there is no choice. */
static bool read_mark(struct reader *reader, char mark, char other)
{
    if (reader->at == reader->end || (*reader->at != mark && *reader->at != other)) {
        return false;
    }
    reader->at++;
    return true;
}

/* The microseconds of an optional fraction. */
static bool read_fraction(struct reader *reader, int64_t *microseconds)
{
    *microseconds = 0;
    if (!read_mark(reader, '.', '.')) {
        return true;
    }
    int64_t unit = INSTANT_SECOND / 10;
    int64_t digit;
    if (!read_digits(reader, 1, &digit)) {
        return false;
    }
    do {
        *microseconds += digit * unit;
        unit /= 10;
    } while (read_digits(reader, 1, &digit));
    return true;
}

/* "Z", or hours and minutes that UTC is behind. */
static bool read_offset(struct reader *reader, int64_t *seconds)
{
    if (read_mark(reader, 'Z', 'z')) {
        *seconds = 0;
        return true;
    }
    const bool negative = reader->at < reader->end && *reader->at == '-';
    int64_t hours;
    int64_t minutes;
    if (!read_mark(reader, '+', '-') || !read_digits(reader, 2, &hours) ||
        !read_mark(reader, ':', ':') || !read_digits(reader, 2, &minutes) || hours > 23 ||
        minutes > 59) {
        return false;
    }
    *seconds = (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool instant_parse(struct span text, instant *time)
{
    struct reader reader = {text.bytes, text.bytes + text.size};
    struct date date;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t microseconds;
    int64_t offset;
    if (!read_digits(&reader, 4, &date.year) || !read_mark(&reader, '-', '-') ||
        !read_digits(&reader, 2, &date.month) || !read_mark(&reader, '-', '-') ||
        !read_digits(&reader, 2, &date.day) || !read_mark(&reader, 'T', 't') ||
        !read_digits(&reader, 2, &hour) || !read_mark(&reader, ':', ':') ||
        !read_digits(&reader, 2, &minute) || !read_mark(&reader, ':', ':') ||
        !read_digits(&reader, 2, &second) || !read_fraction(&reader, &microseconds) ||
        !read_offset(&reader, &offset) || reader.at != reader.end) {
        return false;
    }
    if (!date_exists(date) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    const int64_t seconds =
        days_of_date(date) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    if (second == 60 && seconds % DAY_SECONDS != 0) {
        return false;
    }
    const instant result = seconds * INSTANT_SECOND + (second == 60 ? 0 : microseconds);
    if (result < INSTANT_MIN || result > INSTANT_MAX) {
        return false;
    }
    *time = result;
    return true;
}

/* Two digits. */
static void put_pair(char *at, uint32_t number)
{
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
}

void instant_write(instant time, char *bytes)
{
    ENSURE(time >= INSTANT_MIN && time <= INSTANT_MAX);
    const int64_t shifted = time - INSTANT_MIN; /* not negative, so that division rounds down */
    const int64_t seconds = shifted / INSTANT_SECOND;
    const uint32_t microseconds = (uint32_t)(shifted % INSTANT_SECOND);
    const uint32_t second_of_day = (uint32_t)(seconds % DAY_SECONDS);
    const struct date date =
        date_of_days(seconds / DAY_SECONDS + INSTANT_MIN / INSTANT_SECOND / DAY_SECONDS);

    static const char form[INSTANT_TEXT_SIZE] = "yyyy-mm-ddThh:mm:ss.uuuuuuZ";
    memcpy(bytes, form, sizeof form);
    put_pair(bytes, (uint32_t)date.year / 100);
    put_pair(bytes + 2, (uint32_t)date.year % 100);
    put_pair(bytes + 5, (uint32_t)date.month);
    put_pair(bytes + 8, (uint32_t)date.day);
    put_pair(bytes + 11, second_of_day / 3600);
    put_pair(bytes + 14, second_of_day / 60 % 60);
    put_pair(bytes + 17, second_of_day % 60);
    put_pair(bytes + 20, microseconds / 10000);
    put_pair(bytes + 22, microseconds / 100 % 100);
    put_pair(bytes + 24, microseconds % 100);
}
